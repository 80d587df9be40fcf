import type { HostServices } from './hostServices.js';
import { createServiceClient, type ServiceWire } from './serviceClient.js';
import { AccessService } from '../protocol/gen/muster/v1/access_pb.js';
import { EventService } from '../protocol/gen/muster/v1/events_pb.js';
import { HostService } from '../protocol/gen/muster/v1/host_pb.js';
import { ImageService } from '../protocol/gen/muster/v1/images_pb.js';
import { MergeService } from '../protocol/gen/muster/v1/merges_pb.js';
import { ModelService } from '../protocol/gen/muster/v1/models_pb.js';
import { NotebookService } from '../protocol/gen/muster/v1/notebooks_pb.js';
import { ProjectService } from '../protocol/gen/muster/v1/projects_pb.js';
import { QuestionService } from '../protocol/gen/muster/v1/questions_pb.js';
import { ReviewService } from '../protocol/gen/muster/v1/reviews_pb.js';
import { RunService } from '../protocol/gen/muster/v1/runs_pb.js';
import { SandboxService } from '../protocol/gen/muster/v1/sandboxes_pb.js';
import { ScheduleService } from '../protocol/gen/muster/v1/schedules_pb.js';
import { ThreadService } from '../protocol/gen/muster/v1/threads_pb.js';
import { TopicService } from '../protocol/gen/muster/v1/topics_pb.js';
import { VariableService } from '../protocol/gen/muster/v1/variables_pb.js';
import { VolumeService } from '../protocol/gen/muster/v1/volumes_pb.js';
import { WorktreeService } from '../protocol/gen/muster/v1/worktrees_pb.js';

/** Every call of a host over one connection. */
export function createServices(wire: ServiceWire): HostServices {
  return {
    host: createServiceClient(HostService, wire),
    projects: createServiceClient(ProjectService, wire),
    threads: createServiceClient(ThreadService, wire),
    reviews: createServiceClient(ReviewService, wire),
    runs: createServiceClient(RunService, wire),
    merges: createServiceClient(MergeService, wire),
    worktrees: createServiceClient(WorktreeService, wire),
    sandboxes: createServiceClient(SandboxService, wire),
    images: createServiceClient(ImageService, wire),
    volumes: createServiceClient(VolumeService, wire),
    questions: createServiceClient(QuestionService, wire),
    schedules: createServiceClient(ScheduleService, wire),
    topics: createServiceClient(TopicService, wire),
    models: createServiceClient(ModelService, wire),
    variables: createServiceClient(VariableService, wire),
    access: createServiceClient(AccessService, wire),
    notebooks: createServiceClient(NotebookService, wire),
    events: createServiceClient(EventService, wire),
  };
}
