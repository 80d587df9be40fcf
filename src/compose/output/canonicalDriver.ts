import type { CacheSpec, DriverSpec, KubernetesSpec } from '../projectSpec.js';
import { filled, type CanonicalObject } from './canonicalValue.js';

/** The options of a driver, as the file says them. */
export function canonicalDriver(driver: DriverSpec): CanonicalObject {
  if (driver.name === 'kubernetes') return canonicalKubernetes(driver);
  const { name: _, ...options } = driver;
  return filled(options);
}

function canonicalCache({ storage, sizeBytes, accessMode }: CacheSpec): CanonicalObject {
  return filled({ storage, size: sizeBytes, access_mode: accessMode });
}

function canonicalKubernetes(driver: KubernetesSpec): CanonicalObject {
  const selector = (driver.nodeSelector ?? []).map(({ name, value }): [string, string] => [name, value]);
  const fields = filled({
    context: driver.context,
    namespace: driver.namespace,
    service_account: driver.serviceAccount,
    node_selector: Object.fromEntries(selector),
    tolerations: (driver.tolerations ?? []).map(({ key, operator, value, effect, seconds }) =>
      filled({ key, operator, value, effect, seconds }),
    ),
    runtime_class: driver.runtimeClass,
    image_pull_secrets: driver.imagePullSecrets ?? [],
    facade: driver.facade,
    storage: driver.storage,
  });
  // Also without options it says something.
  return driver.cache === undefined ? fields : { ...fields, cache: canonicalCache(driver.cache) };
}
