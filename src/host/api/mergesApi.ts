import type { ServiceImpl } from '@connectrpc/connect';
import type { MergeStrategy } from '../../core/merges/mergeDriver.js';
import type { MergeService as CoreMergeService } from '../../core/merges/mergeService.js';
import type { Store } from '../../core/store.js';
import type { Stores } from '../../core/stores.js';
import { findThread } from '../../core/threads/threadLookup.js';
import type { MergeService } from '../../protocol/gen/muster/v1/merges_pb.js';
import { fail, given, oneOf } from './requestFields.js';
import { wireMerge } from './wire.js';

const strategies: readonly MergeStrategy[] = ['merge', 'squash', 'rebase'];

export function mergesApi({
  store,
  merges,
}: {
  readonly store: Store<Stores>;
  readonly merges: CoreMergeService;
}): ServiceImpl<typeof MergeService> {
  return {
    async requestMerge(request) {
      const target = given(request.target);
      const strategy = oneOf(strategies, request.strategy, 'strategy');
      const expect = given(request.expect);
      const message = given(request.message);
      if (expect !== undefined && !/^[0-9a-f]{40,64}$/.test(expect)) throw fail('expect', 'it is not a full commit id');
      const merge = await merges.request({
        thread: request.threadId,
        ...(target === undefined ? {} : { target }),
        ...(strategy === undefined ? {} : { strategy }),
        ...(expect === undefined ? {} : { expect }),
        ...(message === undefined ? {} : { message }),
      });
      return { merge: wireMerge(merge) };
    },
    getMerge: async ({ mergeId }) => ({ merge: wireMerge(merges.get(mergeId)) }),
    waitMerge: async ({ mergeId, seenMessage }, context) => ({
      merge: wireMerge(await merges.wait(mergeId, context.signal, seenMessage)),
    }),
    listMerges: async ({ threadId }) =>
      store.read(stores => ({ merges: stores.merges.ofThread(findThread(stores, threadId).thread.id).map(wireMerge) })),
    cancelMerge: async ({ mergeId }) => ({ merge: wireMerge(merges.cancel(mergeId)) }),
  };
}
