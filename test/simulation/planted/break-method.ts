// Puts another method in the place of one of a class, for a while: how bugs are planted in the real code without a switch
// in it.

/** Replaces a method by what `make` makes of it; the returned function puts it back. */
export function breakMethod<Class extends object, Name extends keyof Class & string>(
  prototype: Class,
  name: Name,
  make: (original: Class[Name]) => Class[Name],
): () => void {
  const descriptor = Object.getOwnPropertyDescriptor(prototype, name)!
  // The value of a method's descriptor is the method.
  Object.defineProperty(prototype, name, { ...descriptor, value: make(descriptor.value as Class[Name]) })
  return () => void Object.defineProperty(prototype, name, descriptor)
}

/** The same for a getter. */
export function breakGetter<Class extends object, Name extends keyof Class & string>(
  prototype: Class,
  name: Name,
  get: (this: Class, original: (this: Class) => Class[Name]) => Class[Name],
): () => void {
  const descriptor = Object.getOwnPropertyDescriptor(prototype, name)!
  // The getter of a property of this type.
  const original = descriptor.get as (this: Class) => Class[Name]
  Object.defineProperty(prototype, name, {
    ...descriptor,
    get(this: Class) {
      return get.call(this, original)
    },
  })
  return () => void Object.defineProperty(prototype, name, descriptor)
}
