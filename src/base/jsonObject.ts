/** The value of a JSON text; undefined for what is no JSON. */
export function jsonValue(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The object (or list) that a JSON text is; undefined for any other value, and for what is no JSON. */
export function jsonObject(text: string): object | undefined {
  const value = jsonValue(text);
  return typeof value === 'object' && value !== null ? value : undefined;
}
