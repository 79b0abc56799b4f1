// What tests of layers above use: engines with several partitions as a layer sees them, and a look at whole indexes.

export { ClusterPort } from './cluster-port.ts'
export { treeShape, type TreeShape } from './tree-check.ts'
