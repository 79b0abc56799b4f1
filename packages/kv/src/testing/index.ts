// What tests of layers above use: engines with several partitions as a layer sees them, a
// look at whole indexes, and the layer as a plain list.

export { treeOf } from '../space-name.ts'
export { KvModel, type ModelResult } from './kv-model.ts'
export { ClusterPort } from './cluster-port.ts'
export { treeShape, type TreeShape } from './tree-check.ts'
