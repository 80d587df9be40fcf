/** Reads JSON that this program wrote itself, but that a damaged disk or a person may have changed: nothing is taken for granted. */
export class JsonFields {
  readonly #fields: ReadonlyMap<string, unknown>;

  constructor(text: string) {
    const value: unknown = JSON.parse(text);
    this.#fields = new Map<string, unknown>(typeof value === 'object' && value !== null ? Object.entries(value) : []);
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
    return typeof value === 'object' && value !== null ? new JsonFields(JSON.stringify(value)) : undefined;
  }

  /** The texts of a list; others are left out. */
  texts(name: string): readonly string[] {
    return textsIn(this.#fields.get(name));
  }

  /** The objects of a list. */
  list(name: string): readonly JsonFields[] {
    const value = this.#fields.get(name);
    return Array.isArray(value) ? value.map(each => new JsonFields(JSON.stringify(each))) : [];
  }
}

/** The texts in a JSON list. */
export function parseTexts(text: string): readonly string[] {
  return textsIn(JSON.parse(text));
}

function textsIn(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter(each => typeof each === 'string') : [];
}
