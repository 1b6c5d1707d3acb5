/** What a seller wrote, for a line of a terminal or a message: without control characters, and not long. */
export const plainText = (text: string): string => text.replaceAll(/[\u0000-\u001f\u007f-\u009f]+/g, ' ').slice(0, 300);
