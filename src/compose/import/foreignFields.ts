/** Reads a mapping of somebody else's configuration: nothing is taken for granted. */
export class Fields {
  readonly #fields: ReadonlyMap<string, unknown>;

  constructor(value: unknown) {
    const isMapping = typeof value === 'object' && value !== null && !Array.isArray(value);
    this.#fields = new Map<string, unknown>(isMapping ? Object.entries(value) : []);
  }

  get names(): readonly string[] {
    return [...this.#fields.keys()];
  }

  has(name: string): boolean {
    return this.#fields.get(name) !== undefined && this.#fields.get(name) !== null;
  }

  value(name: string): unknown {
    return this.#fields.get(name);
  }

  text(name: string): string | undefined {
    const value = this.#fields.get(name);
    return typeof value === 'string' ? value : undefined;
  }

  number(name: string): number | undefined {
    const value = this.#fields.get(name);
    return typeof value === 'number' ? value : undefined;
  }

  /** The texts of a list, or the only one. */
  texts(name: string): readonly string[] {
    const value = this.#fields.get(name);
    if (typeof value === 'string') return [value];
    return Array.isArray(value) ? value.filter(each => typeof each === 'string').map(String) : [];
  }

  /** A mapping in it, empty when there is none. */
  fields(name: string): Fields {
    return new Fields(this.#fields.get(name));
  }

  list(name: string): readonly Fields[] {
    const value = this.#fields.get(name);
    return Array.isArray(value) ? value.map(each => new Fields(each)) : [];
  }

  /** What this has, over what `defaults` has. */
  over(defaults: Fields): Fields {
    const merged = new Map(defaults.#fields);
    for (const [name, value] of this.#fields) if (value !== undefined && value !== null) merged.set(name, value);
    return new Fields(Object.fromEntries(merged));
  }
}

/** Nothing for what is missing or empty. */
export function optional<K extends string, T>(key: K, value: T | undefined): Partial<Record<K, T>> {
  const isEmpty =
    value === undefined || (typeof value === 'object' && value !== null && Object.keys(value).length === 0);
  if (isEmpty) return {};
  const found: Partial<Record<K, T>> = {};
  found[key] = value;
  return found;
}
