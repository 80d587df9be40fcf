import { texts } from './commonFields.js';
import type { MappingShape } from './shape.js';
import { dictionary, field, integer, list, mapping, text } from './shape.js';

/** A name of an object of Kubernetes. */
const OBJECT_NAME = '^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$';

/** `name`, or `name.namespace`: neither has a dot. */
const SERVICE_NAME = '^[a-z]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)?$';

const toleration = mapping({
  key: field(text(), 'Key of the taint; missing: every one.', 'key: agents', { era: 'muster' }),
  operator: field(
    text({ pattern: '^(Equal|Exists)$', refusedText: 'invalid operator %s: write Equal or Exists' }),
    'How the value is compared: `Equal`, or `Exists` for any value.',
    'operator: Exists',
    { era: 'muster', fallback: 'Equal' },
  ),
  value: field(text(), 'Value of the taint.', 'value: "yes"', { era: 'muster' }),
  effect: field(
    text({
      pattern: '^(NoSchedule|PreferNoSchedule|NoExecute)$',
      refusedText: 'invalid effect %s: write NoSchedule, PreferNoSchedule or NoExecute',
    }),
    'Effect of the taint: `NoSchedule`, `PreferNoSchedule` or `NoExecute`; missing: every one.',
    'effect: NoSchedule',
    { era: 'muster' },
  ),
  seconds: field(integer(0), 'How long `NoExecute` is tolerated; missing: for ever.', 'seconds: 60', { era: 'muster' }),
});

const cache: MappingShape = mapping({
  storage: field(
    text({ nonEmpty: true, pattern: OBJECT_NAME }),
    'Storage class of the volume. Another one begins with an empty volume.',
    'storage: shared',
    { era: 'muster', fallback: "the cluster's default class" },
  ),
  size: field(text({ format: 'size' }), 'How large the volume is made, as `20g`.', 'size: 20g', {
    era: 'muster',
    fallback: '10g',
  }),
  access_mode: field(
    text({
      pattern: '^(ReadWriteOnce|ReadWriteMany)$',
      refusedText: 'invalid access mode %s: write ReadWriteOnce or ReadWriteMany',
    }),
    'Who may have the volume at once: pods of one node (`ReadWriteOnce`), which ties them to it, or of all (`ReadWriteMany`), where the class can do that.',
    'access_mode: ReadWriteMany',
    { era: 'muster', fallback: 'ReadWriteOnce' },
  ),
});

const kubernetes: MappingShape = mapping({
  context: field(text({ nonEmpty: true }), 'Context of your kubeconfig.', 'context: build', {
    era: 'muster',
    fallback: 'the current one, or the cluster that the host runs in',
  }),
  namespace: field(text({ nonEmpty: true, pattern: OBJECT_NAME }), 'Where its pods are made.', 'namespace: agents', {
    era: 'muster',
    fallback: 'that of the context, else default',
  }),
  service_account: field(
    text({ nonEmpty: true, pattern: OBJECT_NAME }),
    'Service account of the pods. Its token is not given to the agent.',
    'service_account: agents',
    { era: 'muster', fallback: 'that of the namespace' },
  ),
  node_selector: field(
    dictionary('label', 'pool', text()),
    'Labels that a node must have.',
    'node_selector:\n  pool: agents',
    { era: 'muster' },
  ),
  tolerations: field(
    list(toleration),
    'Taints of nodes that do not keep its pods away.',
    'tolerations:\n  - key: agents\n    operator: Exists',
    { era: 'muster' },
  ),
  runtime_class: field(
    text({ nonEmpty: true, pattern: OBJECT_NAME }),
    'Runtime of the pods, as Kata or gVisor for a kernel of their own.',
    'runtime_class: kata',
    { era: 'muster', fallback: "the node's" },
  ),
  image_pull_secrets: field(texts, 'Secrets of the namespace that fetch the image.', 'image_pull_secrets: [registry]', {
    era: 'muster',
  }),
  facade: field(
    text({
      nonEmpty: true,
      pattern: SERVICE_NAME,
      refusedText: 'invalid facade %s: write the name of its service, or name.namespace',
    }),
    'Service of a `muster facade` through which its models are reached, with the keys of the cluster; `name` or `name.namespace`. See docs/cluster.md.',
    'facade: muster-facade',
    { era: 'muster', fallback: 'the host' },
  ),
  storage: field(
    text({ nonEmpty: true, pattern: OBJECT_NAME }),
    'Storage class of the volume that a run works on. It is made with the pod and goes with it.',
    'storage: fast',
    { era: 'muster', fallback: "the node's own disk" },
  ),
  cache: field(
    cache,
    'A volume of the namespace that keeps the history of the repository, so that a run is sent what it lacks; see docs/cluster.md.',
    'cache: {}',
    { era: 'muster', fallback: 'the history is sent with each run' },
  ),
});

/** Where runs execute: exactly one. */
export const driver: MappingShape = mapping(
  {
    process: field(mapping({}), 'A process of this machine, without a container.', 'process: {}', { era: 'muster' }),
    docker: field(
      mapping({
        host: field(text(), 'Address of the Docker Engine.', 'host: unix:///var/run/docker.sock', {
          fallback: 'the default of Docker',
        }),
        hosts: field(
          list(
            text({
              nonEmpty: true,
              pattern: '^(unix|npipe|tcp|ssh)://.+$',
              refusedText: 'invalid engine %s: write ssh://user@host, tcp://host:port or unix:///path',
            }),
          ),
          'Addresses of several Docker Engines: each agent of a thread is placed on the one with the largest part free. Instead of `host`.',
          'hosts: [ssh://build@one, ssh://build@two]',
          { era: 'muster' },
        ),
      }),
      'A Docker container.',
      'docker: {}',
    ),
    kubernetes: field(kubernetes, 'A pod of a Kubernetes cluster; see docs/cluster.md.', 'kubernetes: {}', {
      era: 'muster',
    }),
    boxlite: field(
      mapping({
        kernel: field(text(), 'Path of a kernel.', 'kernel: /opt/vm/vmlinux', { planned: true }),
        rootfs: field(
          text(),
          'Absolute path of a folder with an OCI image layout, instead of an image.',
          'rootfs: /opt/vm/rootfs',
        ),
      }),
      'A BoxLite virtual machine; see docs/microvms.md.',
      'boxlite: {}',
    ),
    microsandbox: field(
      mapping({
        profile: field(text(), 'Name of a placement profile in the settings of microsandbox.', 'profile: small'),
      }),
      'A microsandbox virtual machine; see docs/microvms.md.',
      'microsandbox: {}',
    ),
    firecracker: field(
      mapping({
        kernel: field(text(), 'Path of a kernel.', ''),
        rootfs: field(text(), 'Path of a root file system.', ''),
      }),
      'Known to the language, but refused.',
      '',
      { refused: 'unsupported runtime driver firecracker' },
    ),
  },
  {
    exactlyOne: {
      names: ['process', 'docker', 'kubernetes', 'boxlite', 'microsandbox', 'firecracker'],
      text: 'driver requires exactly one runtime',
    },
  },
);
