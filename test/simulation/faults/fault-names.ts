// The names of the faults, which plans weigh and reports count.

export const faultNames = [
  'worker crash',
  'worker crash at a point',
  'worker crash, disk lost',
  'power failure',
  'worker pause',
  'worker cut off one way',
  'one-way cut between two',
  'cut from the servers',
  'bad links',
  'leader change',
  'log full',
  'slow disk',
  'worker leaves',
  'worker joins',
  'checkpoint asked for',
  'clock jump',
  'log clock jump',
  'client crash',
  'client pause',
  'forged entry',
] as const

export type FaultName = (typeof faultNames)[number]
