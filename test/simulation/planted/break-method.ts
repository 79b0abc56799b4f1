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

/** Replaces what a getter answers by what `make` makes of it. */
export function breakGetter<Class extends object, Name extends keyof Class & string>(
  prototype: Class,
  name: Name,
  make: (original: (this: Class) => Class[Name]) => (this: Class) => Class[Name],
): () => void {
  const descriptor = Object.getOwnPropertyDescriptor(prototype, name)!
  const get = function (this: Class): Class[Name] {
    // The getter of a class answers what the class says.
    return descriptor.get!.call(this) as Class[Name]
  }
  Object.defineProperty(prototype, name, { ...descriptor, get: make(get) })
  return () => void Object.defineProperty(prototype, name, descriptor)
}
