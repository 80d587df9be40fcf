import { provideDocker } from '../../../src/build/provision/docker.ts';
import { setup as bundle } from './bundles.ts';

/** For suites that run agents in containers: an engine of their own, and what ships. Returns how to end it. */
export async function setup(): Promise<() => Promise<void>> {
  await bundle();
  if (process.env['MUSTER_TEST_DOCKER']) return async () => undefined;
  try {
    const { host, image, nodeImage, stop } = await provideDocker();
    process.env['MUSTER_TEST_DOCKER'] = host;
    process.env['MUSTER_TEST_DOCKER_IMAGE'] = image;
    process.env['MUSTER_TEST_DOCKER_NODE_IMAGE'] = nodeImage;
    return stop;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    console.warn(`No containers are started: ${reason}.`);
    process.env['MUSTER_TEST_DOCKER_MISSING'] = reason;
    return async () => undefined;
  }
}
