/* SPDX-License-Identifier: GPL-2.0-only */
#include "serve_push.h"

#include <curl/curl.h>
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/array.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/file.h"
#include "base/human.h"
#include "base/map.h"
#include "push_queue.h"
#include "ui/serve.h"

#define SECOND_NS     UINT64_C(1000000000)
#define TARGETS_MAX   16       /* at a time: each is an answer to be made */
#define SAMPLES_MAX   16000u   /* what servers take by default, and of bytes: */
#define PROFILE_BYTES 4194304u /* before compression */
#define SAMPLES_MIN   100u
#define TIMEOUT_S     10L
#define BACKOFF_MIN   SECOND_NS
#define BACKOFF_MAX   (60 * SECOND_NS)

struct target {
	pid_t pid;
	uint64_t used; /* ticks of CPU time since the last look */
	uint32_t request;
	uint32_t max_samples;
};

struct push {
	const struct push_options *options;
	CURL *curl;
	struct curl_slist *headers;
	char host[256];
	struct map used, before; /* ticks by process, and those of the last look */
	struct target targets[TARGETS_MAX];
	size_t n_targets, n_waiting;
	struct push_queue queue;
	uint64_t next_try_ns, backoff_ns;
	uint64_t n_refused; /* by the server, for good */
	uint32_t last_id;
	bool is_over;
};

/* Ticks of CPU time that process @pid has used; 0 if it is gone. */
static uint64_t ticks_of(pid_t pid)
{
	char path[32];
	struct buf text = { 0 };
	unsigned long long user = 0, kernel = 0;
	const char *at;
	char *end;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	at = file_read(path, &text) > 0 ? strrchr(buf_str(&text), ')') : NULL;
	/* Behind the name the state is the third field, and these are the 14th and 15th. */
	for (int i = 0; at && i < 12; i++)
		at = strchr(at + 1, ' ');
	if (at) {
		user = strtoull(at, &end, 10);
		kernel = strtoull(end, NULL, 10);
	}
	buf_release(&text);
	return user + kernel;
}

static void consider(struct push *push, pid_t pid)
{
	const uint64_t *before = map_find(&push->before, (uint64_t)pid);
	uint64_t now = ticks_of(pid), used = now - (before && *before < now ? *before : 0);
	size_t at = push->n_targets;

	if (before && *before == now)
		used = 0;
	*map_insert(&push->used, (uint64_t)pid) = now;
	if (!used || pid == getpid())
		return;
	if (at == TARGETS_MAX)
		at--;
	else
		push->n_targets++;
	for (; at && push->targets[at - 1].used < used; at--)
		push->targets[at] = push->targets[at - 1];
	if (at < TARGETS_MAX - 1 || push->targets[at].used < used)
		push->targets[at] =
			(struct target){ .pid = pid, .used = used, .max_samples = SAMPLES_MAX };
}

/* The processes that used most of the CPUs since the last time. */
static void choose(struct push *push)
{
	DIR *proc = push->options->n_pids ? NULL : opendir("/proc");
	struct dirent *entry;
	uint64_t pid;

	push->n_targets = 0;
	memset(push->targets, 0, sizeof(push->targets));
	map_release(&push->before);
	push->before = push->used;
	push->used = (struct map){ 0 };
	for (size_t i = 0; i < push->options->n_pids; i++)
		consider(push, push->options->pids[i]);
	while (proc && (entry = readdir(proc)) != NULL) {
		if (!human_parse_number(entry->d_name, 1, INT32_MAX, &pid))
			consider(push, (pid_t)pid);
	}
	if (proc)
		closedir(proc);
}

static void ask(struct push *push, struct target *target)
{
	struct serve_request request = {
		.target = { .scope = SERVE_PID, .pid = (uint32_t)target->pid },
		.subject = SERVE_CPU,
		.form = SERVE_PPROF,
		.window = SERVE_PAST,
		.max_samples = target->max_samples,
		.span_ns = push->options->interval_seconds * SECOND_NS,
	};

	push->last_id += 1 + (push->last_id == UINT32_MAX); /* 0 is none */
	request.id = target->request = push->last_id;
	if (!serve_send(push->options->broker, &request, sizeof(request), -1))
		push->n_waiting++;
}

/* A label's value: what has a meaning in the list of them is replaced. */
static void add_label(struct buf *name, char before, const char *key, const char *value)
{
	buf_printf(name, "%c%s=", before, key);
	for (; *value && *value != '\n'; value++)
		buf_printf(name, "%c", strchr("{},=\"\\", *value) ? '_' : *value);
}

static void add_file_label(struct buf *name, const char *key, pid_t pid, const char *file)
{
	struct buf text = { 0 };
	const char *value = "", *colon;
	char path[48];

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, file);
	if (file_read(path, &text) > 0)
		value = buf_str(&text);
	/* "0::/system.slice/x", or "4:memory:/x" */
	colon = strchr(value, ':');
	if (colon && strchr(colon + 1, ':'))
		value = strchr(colon + 1, ':') + 1;
	add_label(name, ',', key, value);
	buf_release(&text);
}

/* What follows the address of the server: whose profile it is, and of when. */
static char *query_of(struct push *push, const struct target *target)
{
	uint64_t until = clock_ns(CLOCK_REALTIME) / SECOND_NS;
	struct buf name = { 0 }, comm = { 0 };
	char path[32], pid[16];
	char *escaped, *query;

	snprintf(path, sizeof(path), "/proc/%d/comm", (int)target->pid);
	if (file_read(path, &comm) <= 0)
		buf_puts(&comm, "gone");
	snprintf(pid, sizeof(pid), "%d", (int)target->pid);
	buf_printf(&name, "%.*s", (int)strcspn(buf_str(&comm), "{\n"), buf_str(&comm));
	add_label(&name, '{', "service", buf_str(&comm));
	add_label(&name, ',', "host", push->host);
	add_label(&name, ',', "pid", pid);
	add_file_label(&name, "cgroup", target->pid, "cgroup");
	buf_puts(&name, "}");
	escaped = curl_easy_escape(push->curl, buf_str(&name), 0);
	query = xasprintf("?name=%s&from=%" PRIu64 "&until=%" PRIu64
			  "&format=pprof&sampleRate=%u&spyName=sysprof",
			  escaped ? escaped : "sysprof", until - push->options->interval_seconds,
			  until, push->options->hz);
	curl_free(escaped);
	buf_release(&name);
	buf_release(&comm);
	return query;
}

/* Bytes before compression, as the end of the file says. */
static uint32_t inflated_size(const struct buf *body)
{
	const unsigned char *end = (const unsigned char *)body->data + body->size;

	if (body->size < 18)
		return 0;
	return (uint32_t)end[-4] | (uint32_t)end[-3] << 8 | (uint32_t)end[-2] << 16 |
	       (uint32_t)end[-1] << 24;
}

/* What is too large is asked for again, with as many stacks less as it takes. */
static bool is_too_large(struct push *push, struct target *target, const struct buf *body)
{
	uint64_t size = inflated_size(body);

	if (size <= PROFILE_BYTES || target->max_samples <= SAMPLES_MIN)
		return false;
	target->max_samples =
		(uint32_t)(target->max_samples * (uint64_t)PROFILE_BYTES / size * 19 / 20);
	if (target->max_samples < SAMPLES_MIN)
		target->max_samples = SAMPLES_MIN;
	ask(push, target);
	return true;
}

static void take_answer(struct push *push, const struct serve_reply *reply, int fd)
{
	struct target *target = NULL;
	struct buf body = { 0 };

	for (size_t i = 0; i < push->n_targets; i++) {
		if (push->targets[i].request == reply->id)
			target = &push->targets[i];
	}
	if (!target)
		return;
	push->n_waiting--;
	/* Who is gone by now, or was never sampled, has nothing to be sent. */
	if (reply->status == 200 && fd >= 0 && !lseek(fd, 0, SEEK_SET) &&
	    file_read_fd(fd, &body) > 0 && !is_too_large(push, target, &body))
		push_queue_add(&push->queue, query_of(push, target), &body);
	buf_release(&body);
}

static void take_answers(struct push *push)
{
	struct serve_reply reply;
	int r, fd;

	while ((r = serve_receive(push->options->broker, &reply, sizeof(reply), &fd)) == 1) {
		take_answer(push, &reply, fd);
		if (fd >= 0)
			close(fd);
	}
	push->is_over |= r != -EAGAIN;
}

static size_t ignore(char *data, size_t size, size_t n, void *arg)
{
	(void)data;
	(void)arg;
	return size * n;
}

/* The status of the server's answer; 0: there was none. */
static long post(struct push *push, const struct push_item *item)
{
	size_t length = strlen(push->options->url);
	bool has_path = length > 7 && !strcmp(push->options->url + length - 7, "/ingest");
	bool has_slash = length && push->options->url[length - 1] == '/';
	char *url = xasprintf("%s%s%s", push->options->url,
			      has_path  ? "" :
			      has_slash ? "ingest" :
					  "/ingest",
			      item->query);
	long status = 0;

	curl_easy_setopt(push->curl, CURLOPT_URL, url);
	curl_easy_setopt(push->curl, CURLOPT_POSTFIELDSIZE, (long)item->body.size);
	curl_easy_setopt(push->curl, CURLOPT_POSTFIELDS, item->body.data);
	if (curl_easy_perform(push->curl) == CURLE_OK)
		curl_easy_getinfo(push->curl, CURLINFO_RESPONSE_CODE, &status);
	free(url);
	return status;
}

static void wait_longer(struct push *push, long status)
{
	if (!push->backoff_ns && status)
		warn("%s answers %ld: profiles wait, %u at most", push->options->url, status,
		     PUSH_QUEUE_MAX);
	else if (!push->backoff_ns)
		warn("%s does not answer: profiles wait, %u at most", push->options->url,
		     PUSH_QUEUE_MAX);
	push->backoff_ns = push->backoff_ns ? 2 * push->backoff_ns : BACKOFF_MIN;
	if (push->backoff_ns > BACKOFF_MAX)
		push->backoff_ns = BACKOFF_MAX;
	push->next_try_ns = clock_ns(CLOCK_MONOTONIC) + push->backoff_ns;
}

static void say_recovered(struct push *push)
{
	if (push->backoff_ns)
		note("%s answers again; %" PRIu64 " profiles were dropped so far",
		     push->options->url, push->queue.n_dropped);
	push->backoff_ns = 0;
}

/* The oldest of what waits.  What the server says is wrong with it will be so again. */
static void send_one(struct push *push)
{
	long status = post(push, &push->queue.items[0]);

	if (!status || status >= 500 || status == 408 || status == 429) {
		wait_longer(push, status);
		return;
	}
	say_recovered(push);
	if (status >= 300 && !push->n_refused++)
		warn("%s refuses a profile: %ld; others like it are dropped without a word",
		     push->options->url, status);
	push_queue_drop(&push->queue);
}

static void step(struct push *push, uint64_t until_ns)
{
	struct pollfd broker = { .fd = push->options->broker, .events = POLLIN };
	uint64_t now_ns = clock_ns(CLOCK_MONOTONIC);
	bool is_time = push->queue.n && now_ns >= push->next_try_ns;
	uint64_t left_ms = until_ns > now_ns ? (until_ns - now_ns) / 1000000 + 1 : 0;

	if (poll(&broker, 1, is_time ? 0 : left_ms < 200 ? (int)left_ms : 200) > 0)
		take_answers(push);
	if (is_time && !push->is_over)
		send_one(push);
}

static void run(struct push *push)
{
	uint64_t interval_ns = push->options->interval_seconds * SECOND_NS;
	uint64_t next_ns = clock_ns(CLOCK_MONOTONIC) + interval_ns;

	choose(push); /* what was used before is not of the first interval */
	while (!push->is_over) {
		if (clock_ns(CLOCK_MONOTONIC) < next_ns) {
			step(push, next_ns);
			continue;
		}
		next_ns = clock_ns(CLOCK_MONOTONIC) + interval_ns;
		push->n_waiting = 0;
		choose(push);
		for (size_t i = 0; i < push->n_targets; i++)
			ask(push, &push->targets[i]);
	}
}

static int set_up(struct push *push)
{
	CURL *curl;

	curl_global_init(CURL_GLOBAL_DEFAULT);
	push->curl = curl = curl_easy_init();
	if (!curl)
		return err(-ENOMEM, "cannot push: libcurl does not start");
	push->headers = curl_slist_append(NULL, "Content-Type: application/octet-stream");
	push->headers = curl_slist_append(push->headers, "Expect:");
	curl_easy_setopt(curl, CURLOPT_HTTPHEADER, push->headers);
	curl_easy_setopt(curl, CURLOPT_USERAGENT, "sysprof/" SYSPROF_VERSION);
	curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_TIMEOUT, TIMEOUT_S);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, ignore);
	gethostname(push->host, sizeof(push->host) - 1);
	return 0;
}

int push_run(const struct push_options *options)
{
	struct push push = { .options = options };
	int r = set_up(&push);

	signal(SIGPIPE, SIG_IGN);
	if (!r)
		run(&push);
	push_queue_release(&push.queue);
	map_release(&push.used);
	map_release(&push.before);
	curl_slist_free_all(push.headers);
	curl_easy_cleanup(push.curl);
	return r;
}
