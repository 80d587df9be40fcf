import { getOption, type DescMethod } from '@bufbuild/protobuf';
import { needs } from '../protocol/gen/muster/v1/policy_pb.js';

/** True for a call that only looks, as its `.proto` says (`policy.proto`). */
export function looksOnly(method: DescMethod): boolean {
  return getOption(method, needs) === 'read';
}
