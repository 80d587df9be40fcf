import { JsonFields } from '../../base/jsonFields.js';

/** A mapping of somebody else's configuration. */
export class Fields extends JsonFields {
  has(name: string): boolean {
    return this.value(name) !== undefined && this.value(name) !== null;
  }

  /** The texts of a list, or the only one. */
  override texts(name: string): readonly string[] {
    const value = this.value(name);
    return typeof value === 'string' ? [value] : super.texts(name);
  }

  /** A mapping in it, empty when there is none. */
  override fields(name: string): Fields {
    return new Fields(this.value(name));
  }

  override list(name: string): readonly Fields[] {
    const value = this.value(name);
    return Array.isArray(value) ? value.map(each => new Fields(each)) : [];
  }

  /** What this has, over what `defaults` has. */
  over(defaults: Fields): Fields {
    const own = this.names.filter(name => this.has(name)).map(name => [name, this.value(name)]);
    return new Fields({
      ...Object.fromEntries(defaults.names.map(name => [name, defaults.value(name)])),
      ...Object.fromEntries(own),
    });
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
