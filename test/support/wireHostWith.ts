import { create } from '@bufbuild/protobuf';
import { Code, ConnectError, type ConnectRouter } from '@connectrpc/connect';
import { onTestFinished } from 'vitest';
import { ErrorDetailSchema } from '../../src/protocol/gen/muster/v1/errors_pb.js';
import { tempDirectory } from './tempDirectory.ts';
import { startWireHost } from './wireHost.ts';

/** A wire host with these answers in a state directory of its own, gone after the test; returns the directory. */
export async function wireHostWith(
  routes: (router: ConnectRouter) => void,
  onCall?: (method: string) => void,
): Promise<string> {
  const stateDir = tempDirectory();
  const host = await startWireHost(stateDir, { routes, onCall });
  onTestFinished(() => host.kill());
  return stateDir;
}

/** An error as the host sends it. */
export function hostError(code: string, message: string, data: object = {}): ConnectError {
  const value = create(ErrorDetailSchema, { code, message, data: JSON.stringify(data) });
  return new ConnectError(message, Code.FailedPrecondition, undefined, [{ desc: ErrorDetailSchema, value }]);
}
