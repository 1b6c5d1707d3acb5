/** Lets the browser fetch an address and keep it as a file, with its own progress and its own pause. */
export function download(url: string, name: string): void {
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  document.body.append(link);
  link.click();
  link.remove();
}
