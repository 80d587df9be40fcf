/** Which threads that need somebody are news: those that came since the list of threads was last in view. */
export class UnseenNeeds {
  #seen: ReadonlySet<string> = new Set();

  /** True when one of them is news. `listed`: the list is in view now. */
  look(needy: readonly string[], { listed }: { readonly listed: boolean }): boolean {
    this.#seen = new Set(listed ? needy : needy.filter(id => this.#seen.has(id)));
    return needy.some(id => !this.#seen.has(id));
  }
}
