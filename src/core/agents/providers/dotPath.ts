/** The value at a dotted path such as `choices.0.message.text`; undefined when something on the way is missing. */
export function dotPath(value: unknown, path: string): unknown {
  let at: unknown = value;
  for (const key of path.split('.')) {
    if (Array.isArray(at)) {
      const index = Number(key);
      at = Number.isInteger(index) ? at.at(index) : undefined;
    } else if (typeof at === 'object' && at !== null && Object.hasOwn(at, key)) {
      at = Object.entries(at).find(([name]) => name === key)?.[1];
    } else {
      return undefined;
    }
  }
  return at;
}
