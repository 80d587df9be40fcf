import type { ServiceImpl } from '@connectrpc/connect';
import type { RunMail } from '../../core/mail/runMail.js';
import { decisions } from '../../core/questions/question.js';
import type { QuestionService as CoreQuestionService } from '../../core/questions/questionService.js';
import type { Store } from '../../core/store.js';
import type { Stores } from '../../core/stores.js';
import { findThread } from '../../core/threads/threadLookup.js';
import type { QuestionService } from '../../protocol/gen/muster/v1/questions_pb.js';
import { fail, oneOf } from './requestFields.js';
import { wireQuestion } from './wire.js';

export interface QuestionsApiOptions {
  readonly store: Store<Stores>;
  readonly questions: CoreQuestionService;
  /** Takes the answer to the run. */
  readonly mail: Pick<RunMail, 'look'>;
}

export function questionsApi({ store, questions, mail }: QuestionsApiOptions): ServiceImpl<typeof QuestionService> {
  return {
    listQuestions: async ({ threadId }) =>
      store.read(stores => {
        const { questions: asked } = stores;
        const found = threadId === '' ? asked.open() : asked.ofThread(findThread(stores, threadId).thread.id);
        return { questions: found.map(wireQuestion) };
      }),
    answerQuestion: async ({ questionId, decision, text }) => {
      const word = oneOf(decisions, decision, 'decision');
      if (word === undefined) throw fail('decision', `one of ${decisions.join(', ')}`);
      const answered = questions.answer(questionId, word, text);
      mail.look(answered.runId);
      return { question: wireQuestion(answered) };
    },
  };
}
