/** What VS Code keeps for an extension, in memory. */
export function fakeMemento(stored: Readonly<Record<string, unknown>> = {}) {
  const values = new Map(Object.entries(stored));
  return {
    keys: () => [...values.keys()],
    get: (key: string) => values.get(key) as never,
    async update(key: string, value: unknown) {
      values.set(key, JSON.parse(JSON.stringify(value)));
    },
  };
}
