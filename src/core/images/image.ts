/** By which an image that Muster built is known. */
export const builtLabel = 'dev.muster.built';

/** An image as an engine has it. Times are milliseconds since the epoch. */
export interface Image {
  readonly id: string;
  /** `repository:tag`. */
  readonly names: readonly string[];
  readonly digests: readonly string[];
  readonly createdAt: number;
  readonly sizeBytes: number;
  readonly os?: string | undefined;
  readonly architecture?: string | undefined;
  readonly labels: Readonly<Record<string, string>>;
  /** Containers that are made of it, whoever made them. */
  readonly containers: number;
}

/** How an image is built. Paths are absolute. */
export interface ImageBuild {
  readonly context: string;
  /** Relative to the context. */
  readonly dockerfile: string;
  readonly target?: string | undefined;
  readonly args: Readonly<Record<string, string>>;
  readonly platform?: string | undefined;
  /** The first is the one by which it is used. */
  readonly names: readonly [string, ...string[]];
  readonly noCache: boolean;
  /** Fetch newer base images first. */
  readonly pull: boolean;
}

/** Something that an engine says while it fetches or builds. */
export interface ImageStep {
  /** The layer that it is about; empty for the image. */
  readonly id: string;
  /** A line for people; of a stranger. */
  readonly text: string;
  readonly currentBytes?: number | undefined;
  readonly totalBytes?: number | undefined;
}

/** For people, in one line. */
export function stepText({ text, currentBytes = 0, totalBytes = 0 }: ImageStep): string {
  const [line = ''] = text.split('\n');
  return totalBytes > 0 ? `${line} (${Math.floor((100 * currentBytes) / totalBytes)} %)` : line;
}

export type OnImageStep = (step: ImageStep) => void;

/** What became of an image that was removed: its names, and the layers that nobody has any more. */
export interface ImageRemoval {
  readonly untagged: readonly string[];
  readonly deleted: readonly string[];
}

/** Without a tag or digest `latest` is meant. */
export function withTag(name: string): string {
  const last = name.slice(name.lastIndexOf('/') + 1);
  return last.includes(':') || last.includes('@') ? name : `${name}:latest`;
}
