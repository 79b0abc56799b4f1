// Names that layers above give to `this` in handlers. They are no messages, whatever class declares them, and no actor
// may use them for anything else.

/** Members that layers add to actors. */
export const layerMembers = ['kv', 'collection'] as const

/** The name of such a member. */
export type LayerMember = (typeof layerMembers)[number]
