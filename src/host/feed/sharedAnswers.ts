import { toBinary } from '@bufbuild/protobuf';
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import { WatchResponseSchema, type WatchResponse } from '../../protocol/gen/muster/v1/events_pb.js';
import type { FeedEntry } from './changeFeed.js';

/** One answer in the two forms that clients read. */
export interface SharedAnswer {
  readonly message: WatchResponse;
  /** The same, written already: only its bytes go out. */
  readonly written: WatchResponse;
}

/** All who watch are told within that. What no event tells of, as a program that was installed, is not a later one's answer. */
const keptMs = 1_000;
/** Who comes back after a while has missed something of their own, which may be nearly everything. */
const mostKept = 16;

/**
 * What one change looks like to everybody who has seen the same before it: nearly always all watchers. It is read, put together and
 * written once, however many there are. Only a few answers of the present sequence are kept, for moments: nobody asks for an earlier
 * one again.
 */
export class SharedAnswers {
  readonly #make: (entry: FeedEntry) => WatchResponse;
  readonly #now: () => number;
  #sequence = -1;
  /** When the first of them was made. */
  #since = 0;
  readonly #answers = new Map<string, SharedAnswer>();

  /** `now`: milliseconds of a clock that never jumps. */
  constructor(make: (entry: FeedEntry) => WatchResponse, now: () => number) {
    this.#make = make;
    this.#now = now;
  }

  of(entry: FeedEntry): SharedAnswer {
    if (entry.sequence !== this.#sequence || this.#now() - this.#since > keptMs) this.#answers.clear();
    this.#sequence = entry.sequence;
    const key = keyOf(entry);
    const found = this.#answers.get(key);
    if (found) return found;
    if (this.#answers.size >= mostKept) this.#answers.clear();
    if (this.#answers.size === 0) this.#since = this.#now();
    const message = this.#make(entry);
    const answer = { message, written: written(message) };
    this.#answers.set(key, answer);
    return answer;
  }
}

function keyOf(entry: FeedEntry): string {
  if (entry.kind !== 'changes') return entry.kind;
  const { projects, threads, runs } = entry.dirty;
  return [projects, threads, runs].map(ids => [...ids].toSorted().join(' ')).join(',');
}

/** Fields that a message does not know are written as they are: an empty one whose only such fields are all of this one's. */
function written(message: WatchResponse): WatchResponse {
  const { update, ...head } = message;
  const field = WatchResponseSchema.fields.find(({ localName }) => localName === update.case);
  if (!field) return message;
  const bytes = toBinary(WatchResponseSchema, { ...message, epoch: '', sequence: 0n });
  // What is left of it is the field’s tag, and its value with its length: what a reader keeps of a field that it does not know.
  const tag = new BinaryWriter().tag(field.number, WireType.LengthDelimited).finish();
  const unknown = { no: field.number, wireType: WireType.LengthDelimited, data: bytes.subarray(tag.byteLength) };
  return { ...head, update: { case: undefined }, $unknown: [unknown] };
}
