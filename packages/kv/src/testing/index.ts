// What tests of layers above and of whole clusters use: engines with several partitions as a layer sees them, a look at
// whole indexes, and a space as a plain list.

export { treeOf } from '../space-name.ts'
export { ClusterPort } from './cluster-port.ts'
export { KvModel } from './kv-model.ts'
export { treeShape, type TreeShape } from './tree-check.ts'
