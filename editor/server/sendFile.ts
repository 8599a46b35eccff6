import type { Response } from "express";

/** Sends a file piece by piece, however large it is. Its path must have been checked before. */
export function sendFile(response: Response, file: string): Promise<void> {
  return new Promise((resolve, reject) => {
    // `allow`, for the home folder's own name starts with a dot.
    response.sendFile(file, { dotfiles: "allow", cacheControl: false }, (error) => {
      if (error && !response.headersSent) reject(error);
      else resolve();
    });
  });
}
