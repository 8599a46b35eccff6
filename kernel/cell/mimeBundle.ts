/** One value in several forms; a front end shows the richest that it knows (Jupyter messaging, display_data). */
export interface MimeBundle {
  /** MIME type → content: text for text types, base64 for images, JSON for `application/*+json`. */
  data: Record<string, unknown>;
  metadata?: Record<string, unknown>;
}
