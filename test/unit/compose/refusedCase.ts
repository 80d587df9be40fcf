export interface RefusedCase {
  readonly name: string;
  readonly text: string;
  /** What must be reported, as `path: beginning of the detail`. */
  readonly expected: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** What is wrong is not visible in one value, or beyond patterns; the JSON Schema accepts the file. */
  readonly beyondSchema?: true;
}
