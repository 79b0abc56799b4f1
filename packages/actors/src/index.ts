// Public face of the actors package, by name.

export { Actor } from './actor.ts'
export type {
  ActorClass,
  ActorDefinition,
  ArgumentSchema,
  HandlerDefinition,
  HandlerMethod,
  TouchesFunction,
  TouchScope,
} from './actor-definition.ts'
export { ActorError, type ActorErrorClass, registerError } from './actor-error.ts'
export { actorStateOf, type ActorState } from './actor-state.ts'
export { actorRefOf } from './actor-key.ts'
export { createProgram, handlerOf } from './actor-program.ts'
export { ActorRegistry } from './actor-registry.ts'
export { type ArgumentIssue, ArgumentsInvalid, packArguments, validateArguments } from './argument-schema.ts'
export { actor, message, query, transient } from './decorators.ts'
export type {
  ActorDecorator,
  ActorOptions,
  FieldDecorator,
  HandlerDecorator,
  MessageOptions,
  QueryOptions,
} from './decorators.ts'
export { isolate } from './determinism-guard.ts'
export { dynamicReference, type SendByName } from './dynamic-reference.ts'
export { decodeError, encodeError } from './error-codec.ts'
export { fingerprintDifference } from './fingerprint.ts'
export { type ReferenceClass, referenceClass, referredActor, type Send } from './reference-class.ts'
export type { HandlerName, LocalReference, Reference, TellReference, TimerHandle, TimerReference } from './reference.ts'
export { registerActor, type Registration } from './register-actor.ts'
export { reads } from './touches.ts'
