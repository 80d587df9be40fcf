/** Reads a mapping of JSON that a damaged disk, a person or another program may have changed: nothing is taken for granted. */
export class JsonFields {
  readonly #fields: ReadonlyMap<string, unknown>;

  /** What is no mapping has no fields. */
  constructor(value: unknown) {
    const isMapping = typeof value === 'object' && value !== null && !Array.isArray(value);
    this.#fields = new Map<string, unknown>(isMapping ? Object.entries(value) : []);
  }

  /** Throws what `JSON.parse` throws for what is no JSON. */
  static parse(text: string): JsonFields {
    return new JsonFields(JSON.parse(text));
  }

  get names(): readonly string[] {
    return [...this.#fields.keys()];
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

  flag(name: string): boolean | undefined {
    const value = this.#fields.get(name);
    return typeof value === 'boolean' ? value : undefined;
  }

  /** An object in it. */
  fields(name: string): JsonFields | undefined {
    const value = this.#fields.get(name);
    return typeof value === 'object' && value !== null ? new JsonFields(value) : undefined;
  }

  /** The texts of a list; others are left out. */
  texts(name: string): readonly string[] {
    return textsIn(this.#fields.get(name));
  }

  /** The objects of a list. */
  list(name: string): readonly JsonFields[] {
    const value = this.#fields.get(name);
    return Array.isArray(value) ? value.map(each => new JsonFields(each)) : [];
  }
}

/** The texts in a JSON list. */
export function parseTexts(text: string): readonly string[] {
  return textsIn(JSON.parse(text));
}

function textsIn(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter(each => typeof each === 'string') : [];
}
