/** What became of one field. */
export interface ReportLine {
  readonly field: string;
  readonly outcome: 'kept' | 'changed' | 'dropped';
  /** Where it is now, or why it is not there. */
  readonly note: string;
}

/** What becomes of the fields of a file while it is converted. */
export class Report {
  readonly #lines: ReportLine[] = [];

  get lines(): readonly ReportLine[] {
    return this.#lines;
  }

  kept(field: string, note: string): void {
    this.#lines.push({ field, outcome: 'kept', note });
  }

  changed(field: string, note: string): void {
    this.#lines.push({ field, outcome: 'changed', note });
  }

  dropped(field: string, note: string): void {
    this.#lines.push({ field, outcome: 'dropped', note });
  }
}
