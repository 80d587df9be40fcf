/** The engine that `test/support/setup/docker.ts` found or started, with an image of a plain Debian. */
export type DockerUnderTest =
  | { readonly kind: 'there'; readonly host: string; readonly image: string }
  | { readonly kind: 'missing'; readonly reason: string };

export function dockerUnderTest(): DockerUnderTest {
  const { MUSTER_TEST_DOCKER: host, MUSTER_TEST_DOCKER_IMAGE: image, MUSTER_TEST_DOCKER_MISSING: reason } = process.env;
  if (host && image) return { kind: 'there', host, image };
  return { kind: 'missing', reason: reason ?? 'nobody looked for a Docker Engine' };
}
