export interface OpenThreadPageOptions {
  readonly preserveFocus?: boolean;
  /** Put the cursor into the follow-up box. */
  readonly focusFollowUp?: boolean;
  /** Tab title until the thread is loaded. */
  readonly title?: string;
}
