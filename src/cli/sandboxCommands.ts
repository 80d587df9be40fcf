import type { CommandEntry } from './commandEntry.js';

/** Commands of places where agents work, and of what starts them: agent-compose's words, in the order of the help. */
export const sandboxCommands: Readonly<Record<string, CommandEntry>> = {
  exec: {
    summary: 'run a command in the worktree of a thread',
    load: async () => (await import('./commands/exec.js')).exec,
  },
  cp: {
    summary: 'copy files into or out of the sandbox of a thread',
    load: async () => (await import('./commands/copy.js')).copy,
  },
  stop: { summary: 'stop the agent in a worktree', load: async () => (await import('./commands/sandboxes.js')).stop },
  resume: {
    summary: 'accepted for scripts: worktrees are always ready',
    load: async () => (await import('./commands/sandboxes.js')).resume,
  },
  rm: {
    summary: 'remove a worktree, keeping its work under a rescue ref',
    load: async () => (await import('./commands/sandboxes.js')).rm,
  },
  sandbox: {
    summary: 'list the worktrees that agents work in',
    load: async () => (await import('./commands/sandboxes.js')).sandboxList,
    parts: {
      ls: { summary: 'the same', load: async () => (await import('./commands/sandboxes.js')).sandboxList },
      stop: { summary: 'as `stop`', load: async () => (await import('./commands/sandboxes.js')).stop },
      resume: { summary: 'as `resume`', load: async () => (await import('./commands/sandboxes.js')).resume },
      rm: { summary: 'as `rm`', load: async () => (await import('./commands/sandboxes.js')).rm },
      stats: {
        summary: 'what containers use',
        load: async () => (await import('./commands/containers.js')).sandboxStats,
      },
      clean: {
        summary: 'remove containers of closed threads',
        load: async () => (await import('./commands/containers.js')).sandboxClean,
      },
      prune: {
        summary: 'tell which worktrees could be removed',
        load: async () => (await import('./commands/sandboxes.js')).sandboxPrune,
      },
    },
  },
  stats: {
    summary: 'as `sandbox stats`',
    load: async () => (await import('./commands/containers.js')).sandboxStats,
  },
  images: {
    summary: 'list the images of the Docker Engine',
    load: async () => (await import('./commands/images.js')).imageList,
  },
  pull: {
    summary: 'fetch images to the Docker Engine',
    load: async () => (await import('./commands/imageMake.js')).imagePull,
  },
  build: {
    summary: 'as `image build`',
    load: async () => (await import('./commands/imageMake.js')).imageBuild,
  },
  rmi: {
    summary: 'remove images from the Docker Engine',
    load: async () => (await import('./commands/images.js')).imageRemove,
  },
  image: {
    summary: 'list the images of the Docker Engine',
    load: async () => (await import('./commands/images.js')).imageList,
    parts: {
      ls: { summary: 'the same', load: async () => (await import('./commands/images.js')).imageList },
      build: {
        summary: 'build the image of Muster’s own, of agents, or of a folder',
        load: async () => (await import('./commands/imageMake.js')).imageBuild,
      },
      pull: { summary: 'as `pull`', load: async () => (await import('./commands/imageMake.js')).imagePull },
      rm: { summary: 'as `rmi`', load: async () => (await import('./commands/images.js')).imageRemove },
      inspect: {
        summary: 'print all about an image as JSON',
        load: async () => (await import('./commands/images.js')).imageInspect,
      },
      prune: {
        summary: 'remove images that Muster built and nothing needs',
        load: async () => (await import('./commands/images.js')).imagePrune,
      },
    },
  },
  volume: {
    summary: 'list the volumes that Muster made on the Docker Engine',
    load: async () => (await import('./commands/volumes.js')).volumeList,
    parts: {
      ls: { summary: 'the same', load: async () => (await import('./commands/volumes.js')).volumeList },
      create: { summary: 'make one', load: async () => (await import('./commands/volumes.js')).volumeCreate },
      inspect: {
        summary: 'print all about one as JSON',
        load: async () => (await import('./commands/volumes.js')).volumeInspect,
      },
      rm: { summary: 'remove some', load: async () => (await import('./commands/volumes.js')).volumeRemove },
      prune: {
        summary: 'tell which nobody needs, or remove them',
        load: async () => (await import('./commands/volumes.js')).volumePrune,
      },
    },
  },
  project: {
    summary: 'list the applied projects',
    load: async () => (await import('./commands/projectList.js')).projectList,
    parts: {
      ls: { summary: 'the same', load: async () => (await import('./commands/projectList.js')).projectList },
      up: { summary: 'as `up`', load: async () => (await import('./commands/up.js')).up },
      down: { summary: 'as `down`', load: async () => (await import('./commands/down.js')).down },
    },
  },
  agent: {
    summary: 'list the agents of a project',
    load: async () => (await import('./commands/agentList.js')).agentList,
    parts: { ls: { summary: 'the same', load: async () => (await import('./commands/agentList.js')).agentList } },
  },
  scheduler: {
    summary: 'list the triggers of a project',
    load: async () => (await import('./commands/scheduler.js')).schedulerList,
    parts: {
      ls: { summary: 'the same', load: async () => (await import('./commands/scheduler.js')).schedulerList },
      enable: {
        summary: 'switch a trigger on',
        load: async () => (await import('./commands/scheduler.js')).schedulerEnable,
      },
      disable: {
        summary: 'switch a trigger off',
        load: async () => (await import('./commands/scheduler.js')).schedulerDisable,
      },
      trigger: {
        summary: 'fire a trigger now',
        load: async () => (await import('./commands/scheduler.js')).schedulerTrigger,
      },
      runs: {
        summary: 'list what triggers did',
        load: async () => (await import('./commands/scheduler.js')).schedulerRuns,
      },
      logs: {
        summary: 'list what happened to the runs of triggers',
        load: async () => (await import('./commands/schedulerRun.js')).schedulerLogs,
      },
      invoke: {
        summary: 'run the script of a scheduler now',
        load: async () => (await import('./commands/schedulerRun.js')).schedulerInvoke,
      },
      stop: {
        summary: 'stop a run that a trigger started',
        load: async () => (await import('./commands/schedulerRun.js')).schedulerStop,
      },
      prune: {
        summary: 'take what triggers did long ago out of the history',
        load: async () => (await import('./commands/schedulerPrune.js')).schedulerPrune,
      },
      inspect: {
        summary: 'show a scheduler, a trigger or one of its runs',
        load: async () => (await import('./commands/schedulerRun.js')).schedulerInspect,
      },
      simulate: {
        summary: 'show what would fire when',
        load: async () => (await import('./commands/scheduler.js')).schedulerSimulate,
      },
    },
  },
  cluster: {
    summary: 'look whether the cluster of agents could take their runs',
    load: async () => (await import('./commands/clusterCheck.js')).clusterCheck,
    parts: {
      check: {
        summary: 'the same',
        load: async () => (await import('./commands/clusterCheck.js')).clusterCheck,
      },
    },
  },
};
