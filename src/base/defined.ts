/** The entries whose value is neither null nor undefined: NULL columns and missing values become absent fields. */
export function defined<T extends Record<string, unknown>>(fields: T): { [K in keyof T]?: NonNullable<T[K]> } {
  const result: { [K in keyof T]?: NonNullable<T[K]> } = {};
  for (const key in fields) {
    const value = fields[key];
    if (value !== null && value !== undefined) result[key] = value;
  }
  return result;
}
