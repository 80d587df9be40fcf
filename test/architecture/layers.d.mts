export interface LayerRow {
  readonly may: readonly string[];
  readonly types?: readonly string[];
  readonly npm: readonly string[];
  readonly node: boolean;
}

export declare const layers: Readonly<Record<string, LayerRow>>;
