/*
 * A CGI program of many cases: the first part of PATH_INFO names the one that is wanted. The same binary is judged under Freehold
 * and under nginx + fcgiwrap, lighttpd and Apache (test/peers/cgi.test.ts). Nothing here knows under which it runs.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

static void all(const char *bytes, size_t length) {
	while (length > 0) {
		ssize_t written = write(1, bytes, length);
		if (written <= 0) {
			if (written < 0 && errno == EINTR) continue;
			_exit(3);
		}
		bytes += written;
		length -= (size_t)written;
	}
}
static void say(const char *text) { all(text, strlen(text)); }
static void rest_ms(long ms) {
	struct timespec time = {ms / 1000, (ms % 1000) * 1000000L};
	nanosleep(&time, NULL);
}
static void repeat(const char *text, size_t bytes) {
	char page[4096];
	size_t length = strlen(text);
	for (size_t at = 0; at < sizeof page; at++) page[at] = text[at % length];
	for (; bytes > sizeof page; bytes -= sizeof page) all(page, sizeof page);
	all(page, bytes);
}
static const char *variable(const char *name) {
	const char *value = getenv(name);
	return value == NULL ? "" : value;
}

#define PLAIN "Content-Type: text/plain\n\n"

/* Outputs that are only bytes. */
static const struct { const char *name, *output; } plain[] = {
	{"hello", "Content-Type: text/plain\n\nhello\n"},
	{"crlf", "Content-Type: text/plain\r\nX-Case: crlf\r\n\r\nhello\n"},
	{"mixed-ends", "Content-Type: text/plain\r\nX-Case: mixed\n\r\nhello\n"},
	{"lower-case-names", "content-type: text/plain\nx-case: lower\n\nhello\n"},
	{"no-space", "Content-Type:text/plain\nX-Case:none\n\nhello\n"},
	{"many-spaces", "Content-Type:   text/plain  \nX-Case:\t spaced \t\n\nhello\n"},
	{"empty-value", "Content-Type: text/plain\nX-Case:\n\nhello\n"},
	{"repeated-header", "Content-Type: text/plain\nX-Case: one\nX-Case: two\n\nhello\n"},
	{"latin-1", "Content-Type: text/plain\nX-Case: caf\xe9\n\nhello\n"},
	{"nothing", ""},
	{"only-text", "hello world\n"},
	{"only-blank", "\nhello\n"},
	{"no-colon", "Content-Type: text/plain\nthis is no header\n\nhello\n"},
	{"folded", "Content-Type: text/plain\nX-Case: one\n two\n\nhello\n"},
	{"bad-name", "Content-Type: text/plain\nX Case: one\n\nhello\n"},
	{"space-before-colon", "Content-Type: text/plain\nX-Case : one\n\nhello\n"},
	{"carriage-return-inside", "Content-Type: text/plain\nX-Case: one\rX-Other: two\n\nhello\n"},
	{"no-type", "X-Case: typeless\n\nhello\n"},
	{"type-twice", "Content-Type: text/plain\nContent-Type: text/html\n\nhello\n"},
	{"status", "Status: 404 Not Found\n" PLAIN "hello\n"},
	{"status-alone", "Status: 418\n" PLAIN "hello\n"},
	{"status-last", "Content-Type: text/plain\nStatus: 201 Made\n\nhello\n"},
	{"status-letters", "Status: 2OO Fine\n" PLAIN "hello\n"},
	{"status-short", "Status: 42\n" PLAIN "hello\n"},
	{"status-600", "Status: 600 Far\n" PLAIN "hello\n"},
	{"status-100", "Status: 100 Continue\n" PLAIN "hello\n"},
	{"status-twice", "Status: 404 Not Found\nStatus: 201 Made\n" PLAIN "hello\n"},
	{"status-204", "Status: 204 No Content\n" PLAIN "hello\n"},
	{"status-304", "Status: 304 Not Modified\n" PLAIN "hello\n"},
	{"status-500", "Status: 500 Broken\n" PLAIN "hello\n"},
	{"status-line", "HTTP/1.1 404 Not Found\n" PLAIN "hello\n"},
	{"nph", "HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n" PLAIN "6\r\nhello\n\r\n0\r\n\r\n"},
	{"location-absolute", "Location: http://example.org/there?a=b\n\n"},
	{"location-with-status", "Status: 307 There\nLocation: http://example.org/there\n" PLAIN "hello\n"},
	{"location-201", "Status: 201 Made\nLocation: /made/7\n" PLAIN "hello\n"},
	{"location-with-body", "Location: http://example.org/there\n" PLAIN "hello\n"},
	{"location-elsewhere", "Location: /elsewhere\n\n"},
	{"location-relative", "Location: there\n\n"},
	{"location-twice", "Location: http://example.org/one\nLocation: http://example.org/two\n\n"},
	{"length-right", "Content-Length: 6\n" PLAIN "hello\n"},
	{"length-short", "Content-Length: 3\n" PLAIN "hello\n"},
	{"length-long", "Content-Length: 60\n" PLAIN "hello\n"},
	{"length-letters", "Content-Length: six\n" PLAIN "hello\n"},
	{"transfer-encoding", "Transfer-Encoding: chunked\n" PLAIN "hello\n"},
	{"connection", "Connection: close, X-Case\nX-Case: hop\nKeep-Alive: timeout=9\n" PLAIN "hello\n"},
	{"upgrade", "Upgrade: websocket\nTrailer: X-Case\n" PLAIN "hello\n"},
	{"cookies", "Set-Cookie: a=1\nSet-Cookie: b=2; HttpOnly\n" PLAIN "hello\n"},
	{"cookie-scope", "Set-Cookie: a=1; Domain=example.org; Path=/; Secure\n" PLAIN "hello\n"},
	{"server-headers", "Server: mine\nDate: Thu, 01 Jan 1970 00:00:00 GMT\n" PLAIN "hello\n"},
	{"cache-control", "Cache-Control: max-age=60\nETag: \"x\"\n" PLAIN "hello\n"},
	{"location-mixed-ends", "Location: http://example.org/there\r\n\n\n"},
	{"status-line-short", "HTTP/1.0 30 Foo\n" PLAIN "hello\n"},
	{"send-file", "X-Sendfile: /etc/hostname\nX-Lighttpd-Send-File: /etc/hostname\nX-Accel-Redirect: /case.cgi/html\n" PLAIN "hello\n"},
	{"html", "Content-Type: text/html\n\n<b>hello</b>\n"},
};

static void print_environment(void) {
	say(PLAIN);
	for (char **entry = environ; *entry != NULL; entry++) {
		say(*entry);
		say("\n");
	}
}

/* Says how much it was told to read, how much there was, and a sum over it. */
static void echo(void) {
	char page[65536], line[160];
	unsigned long long size = 0, sum = 1469598103934665603ULL;
	ssize_t got;
	while ((got = read(0, page, sizeof page)) > 0) {
		size += (unsigned long long)got;
		for (ssize_t at = 0; at < got; at++) sum = (sum ^ (unsigned char)page[at]) * 1099511628211ULL;
	}
	snprintf(line, sizeof line, "%s%s length=%s type=%s read=%llu sum=%016llx\n", PLAIN, variable("REQUEST_METHOD"),
	         *variable("CONTENT_LENGTH") ? variable("CONTENT_LENGTH") : "none", *variable("CONTENT_TYPE") ? variable("CONTENT_TYPE") : "none",
	         size, sum);
	say(line);
}

/* Sends the call on to `to`, which is under its own path. */
static void send_on(const char *to) {
	say("Location: ");
	say(variable("SCRIPT_NAME"));
	say(to);
	say("\n\n");
}

int main(int count, char **arguments) {
	const char *path = variable("PATH_INFO");
	char name[64] = "";
	if (*path == '/') path++;
	size_t length = strcspn(path, "/");
	if (length < sizeof name) memcpy(name, path, length);
	const long ms = atol(variable("QUERY_STRING"));

	for (size_t at = 0; at < sizeof plain / sizeof *plain; at++) {
		if (strcmp(name, plain[at].name) != 0) continue;
		say(plain[at].output);
		return 0;
	}
	if (strcmp(name, "environment") == 0) print_environment();
	else if (strcmp(name, "echo") == 0) echo();
	else if (strcmp(name, "arguments") == 0) {
		say(PLAIN "arguments:");
		for (int at = 1; at < count; at++) {
			say(" ");
			say(arguments[at]);
		}
		say("\n");
	}
	else if (strcmp(name, "no-blank-line") == 0) {
		/* What some make of it depends on whether the end comes with it. */
		say("Content-Type: text/plain\nX-Case: cut\n");
		rest_ms(150);
	} else if (strcmp(name, "ignore-input") == 0) say(PLAIN "hello\n");
	else if (strcmp(name, "nul-in-header") == 0) all("Content-Type: text/plain\nX-Case: a\0b\n\nhello\n", 44);
	else if (strcmp(name, "nul-in-body") == 0) all(PLAIN "a\0b\n", sizeof PLAIN - 1 + 4);
	else if (strcmp(name, "large-header") == 0) {
		say("X-Case: ");
		repeat("x", 40000);
		say("\n" PLAIN "hello\n");
	} else if (strcmp(name, "many-headers") == 0) {
		for (int at = 0; at < 90; at++) {
			char line[64];
			snprintf(line, sizeof line, "X-Case-%d: %d\n", at, at);
			say(line);
		}
		say(PLAIN "hello\n");
	} else if (strcmp(name, "large-body") == 0) {
		say(PLAIN);
		repeat("0123456789abcde\n", 3 * 1024 * 1024);
	} else if (strcmp(name, "error-code") == 0) {
		say(PLAIN "hello\n");
		return 7;
	} else if (strcmp(name, "error-code-alone") == 0) return 7;
	else if (strcmp(name, "error-code-text") == 0) {
		say("it went wrong\n");
		return 7;
	} else if (strcmp(name, "crash") == 0) {
		say(PLAIN "hello\n");
		raise(SIGKILL);
		*(volatile int *)8 = 0;
	} else if (strcmp(name, "crash-alone") == 0) {
		raise(SIGKILL);
		*(volatile int *)8 = 0;
	} else if (strcmp(name, "error-output") == 0) {
		fputs("a word to the log\n", stderr);
		say(PLAIN "hello\n");
	} else if (strcmp(name, "error-output-large") == 0) {
		/* More than a pipe holds: a server that does not read both waits for ever. */
		for (int at = 0; at < 4000; at++) fputs("a line of fifty letters that is written to the log\n", stderr);
		say(PLAIN "hello\n");
	} else if (strcmp(name, "error-output-between") == 0) {
		say("Content-Type: text/plain\n");
		fputs("a word to the log\n", stderr);
		say("\nhel");
		fputs("another\n", stderr);
		say("lo\n");
	} else if (strcmp(name, "close-output") == 0) {
		say(PLAIN "hello\n");
		close(1);
		rest_ms(200);
	} else if (strcmp(name, "slow-start") == 0) {
		rest_ms(ms > 0 ? ms : 300);
		say(PLAIN "hello\n");
	} else if (strcmp(name, "stream") == 0) {
		/* The query says how long to wait between the two. */
		say(PLAIN "first\n");
		rest_ms(ms > 0 ? ms : 400);
		say("second\n");
	} else if (strcmp(name, "stream-204") == 0) {
		say("Status: 204\n\n");
		rest_ms(150);
	} else if (strcmp(name, "stream-304") == 0) {
		say("Status: 304\nETag: \"x\"\n\n");
		rest_ms(150);
	} else if (strcmp(name, "stream-headers") == 0) {
		say("X-Case: piece");
		rest_ms(60);
		say("meal\nContent-Ty");
		rest_ms(60);
		say("pe: text/plain\n\nhel");
		rest_ms(60);
		say("lo\n");
	} else if (strcmp(name, "endless") == 0) {
		say(PLAIN);
		for (;;) repeat("0123456789abcde\n", 65536);
	} else if (strcmp(name, "hang") == 0) {
		say(PLAIN "first\n");
		rest_ms(60000);
	} else if (strcmp(name, "stream-wrong") == 0) {
		say("this is no header\n\n");
		rest_ms(60000);
	} else if (strcmp(name, "send-on") == 0) send_on("/echo?from=here");
	else if (strcmp(name, "send-on-environment") == 0) send_on("/environment/a%20b?x=1");
	else if (strcmp(name, "send-round") == 0) send_on("/send-round");
	else if (strcmp(name, "send-thrice") == 0) {
		/* /send-thrice/aaa is on its third way. */
		const char *ways = strchr(path, '/');
		char to[80];
		snprintf(to, sizeof to, "/send-thrice/%sa", ways == NULL ? "" : ways + 1);
		if (ways != NULL && strlen(ways + 1) >= 3) say(PLAIN "there\n");
		else send_on(to);
	} else say("Status: 404 Not Found\n" PLAIN "no such case\n");
	return 0;
}
