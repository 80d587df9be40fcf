/** Which threads of a kind are news: those that came since the list of threads was last in view. */
export class Unseen {
  #seen: ReadonlySet<string> | undefined;

  /** `firstIsNews`: what is there when it first looks is news, too. */
  constructor({ firstIsNews }: { readonly firstIsNews: boolean }) {
    this.#seen = firstIsNews ? new Set() : undefined;
  }

  /** How many of them are news. `listed`: the list is in view now. */
  look(ids: readonly string[], { listed }: { readonly listed: boolean }): number {
    const seen = this.#seen;
    this.#seen = new Set(listed || !seen ? ids : ids.filter(id => seen.has(id)));
    return ids.filter(id => this.#seen?.has(id) !== true).length;
  }
}
