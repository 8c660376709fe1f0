/*
 * demo_stage.c - sets the demo's stage, and clears it whatever happens.
 */
#include "cli/demo_stage.h"

#include "base/clock.h"
#include "base/id.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define DEMO_PORT_FIRST 17118
#define DEMO_PORT_COUNT 4000
#define DEMO_LOG_LINES 15
#define DEMO_LOOK_MS 20

/* A signal handler can reach nothing else. */
static _Atomic bool demo_was_interrupted;

static void demo_on_signal(int signal_number)
{
    (void)signal_number;
    atomic_store(&demo_was_interrupted, true);
}

bool demo_interrupted(void)
{
    return atomic_load(&demo_was_interrupted);
}

const _Atomic bool *demo_interrupt_flag(void)
{
    return &demo_was_interrupted;
}

bool demo_pause(int64_t ms)
{
    const struct timespec pause = {ms / 1000, (long)(ms % 1000) * 1000000};

    nanosleep(&pause, NULL);
    return !demo_interrupted();
}

bool demo_wrong(const char *format, ...)
{
    va_list args;

    if (demo_interrupted())
        return false;
    fflush(stdout);
    fputs("\nfermata demo: NOT as promised: ", stderr);
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fputc('\n', stderr);
    return false;
}

/* A port of this machine that nobody uses now. */
static int demo_free_port(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    uint32_t start;

    id_random(&start, sizeof(start));
    for (uint32_t i = 0; i < DEMO_PORT_COUNT; i++) {
        int port = DEMO_PORT_FIRST + (int)((start % DEMO_PORT_COUNT + i) % DEMO_PORT_COUNT);
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        int failed;

        if (fd < 0)
            return 0;
        address.sin_port = htons((uint16_t)port);
        failed = bind(fd, (const struct sockaddr *)&address, sizeof(address));
        close(fd);
        if (!failed)
            return port;
    }
    return 0;
}

bool demo_stage_open(struct demo *demo)
{
    const char *base = getenv("TMPDIR");
    struct sigaction action = {.sa_handler = demo_on_signal};
    ssize_t len = readlink("/proc/self/exe", demo->self, sizeof(demo->self) - 1);

    demo->started_us = clock_monotonic_us();
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGHUP, &action, NULL);
    if (len <= 0)
        return demo_wrong("this program cannot find itself: %s", strerror(errno));
    snprintf(demo->folder, sizeof(demo->folder) - 8, "%s/fermata-demo-XXXXXX",
             base && base[0] ? base : "/tmp");
    if (!mkdtemp(demo->folder)) {
        demo_wrong("no folder could be made at %s: %s", demo->folder, strerror(errno));
        demo->folder[0] = '\0';
        return false;
    }
    snprintf(demo->dir, sizeof(demo->dir), "%s/data", demo->folder);
    demo->port = demo_free_port();
    if (demo->port == 0)
        return demo_wrong("there is no free port on 127.0.0.1");
    return true;
}

/* In the child: its output into a file, its life bound to ours, its signals its own. */
static void demo_child(const char *log, pid_t parent)
{
    int fd = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(127);
    setpgid(0, 0);
    if (fd >= 0) {
        dup2(fd, STDOUT_FILENO);
        dup2(fd, STDERR_FILENO);
    }
    fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (fd >= 0)
        dup2(fd, STDIN_FILENO);
}

static pid_t demo_spawn(struct demo *demo, const char *log, const char *const *args)
{
    char **argv = ARENA_ARRAY(demo->cli->arena, char *, 64);
    const char *path = arena_printf(demo->cli->arena, "%s/%s", demo->folder, log);
    pid_t parent = getpid(), pid;

    argv[0] = demo->self;
    for (size_t i = 0; i < 62 && args[i]; i++)
        argv[i + 1] = arena_string(demo->cli->arena, args[i]);
    fflush(NULL);
    pid = fork();
    if (pid == 0) {
        demo_child(path, parent);
        execv(demo->self, argv);
        _exit(127);
    }
    return pid;
}

/* The end of the server's log, when it has let us down. */
static void demo_show_log(struct demo *demo)
{
    const char *path = arena_printf(demo->cli->arena, "%s/server.log", demo->folder);
    char lines[DEMO_LOG_LINES][512];
    size_t count = 0;
    FILE *file = fopen(path, "re");

    if (!file)
        return;
    while (fgets(lines[count % DEMO_LOG_LINES], (int)sizeof(lines[0]), file))
        count++;
    fclose(file);
    fputs("  the end of the server's log:\n", stderr);
    for (size_t i = count > DEMO_LOG_LINES ? count - DEMO_LOG_LINES : 0; i < count; i++)
        fprintf(stderr, "    %s", lines[i % DEMO_LOG_LINES]);
}

static bool demo_server_alive(struct demo *demo)
{
    if (waitpid(demo->server, NULL, WNOHANG) != demo->server)
        return true;
    demo->server = 0;
    return false;
}

/* A new client for the new server: it reads the token that the server has written. */
static bool demo_connect(struct demo *demo)
{
    struct cli *cli = demo->cli;
    struct cli_target *target = ARENA_NEW(cli->arena, struct cli_target);

    target->token = cli_value_line(cli->arena, arena_printf(cli->arena, "%s/token", demo->dir));
    if (!target->token)
        return false;
    target->url = arena_printf(cli->arena, "http://127.0.0.1:%d", demo->port);
    target->dir = arena_string(cli->arena, demo->dir);
    target->dir_exists = true;
    cli_client_free(cli->client);
    cli->target = target;
    cli->client = cli_client_new(target, &demo_was_interrupted);
    return true;
}

static bool demo_server_ready(struct demo *demo)
{
    const struct cli_request request = {
        .method = "GET", .path = "executions?limit=1", .answer_ms = 2000};
    struct cli_answer answer;

    if (!demo_connect(demo))
        return false;
    cli_client_try(demo->cli->client, demo->cli->arena, &request, &answer);
    return cli_answer_ok(&answer);
}

bool demo_server_start(struct demo *demo)
{
    const char *listen = arena_printf(demo->cli->arena, "127.0.0.1:%d", demo->port);
    int64_t end_us = clock_monotonic_us() + DEMO_WAIT_MS * 1000;

    demo->server =
        demo_spawn(demo, "server.log", DEMO_ARGS("serve", "--dir", demo->dir, "--listen", listen));
    if (demo->server < 0) {
        demo->server = 0;
        return demo_wrong("the server could not be started: %s", strerror(errno));
    }
    while (clock_monotonic_us() < end_us && demo_server_alive(demo)) {
        if (demo_server_ready(demo))
            return true;
        if (!demo_pause(DEMO_LOOK_MS))
            return false;
    }
    demo_wrong(demo->server ? "the server does not answer" : "the server has ended by itself");
    demo_show_log(demo);
    return false;
}

void demo_server_kill(struct demo *demo)
{
    if (demo->server <= 0)
        return;
    kill(demo->server, SIGKILL);
    waitpid(demo->server, NULL, 0);
    demo->server = 0;
}

bool demo_worker_start(struct demo *demo, const char *const *args)
{
    const char **all = ARENA_ARRAY(demo->cli->arena, const char *, 32);
    size_t count = 0;
    pid_t pid;

    CHECK(demo->worker_count < DEMO_WORKERS_MAX);
    all[count++] = "worker";
    all[count++] = "--dir";
    all[count++] = demo->dir;
    for (size_t i = 0; count < 31 && args[i]; i++)
        all[count++] = args[i];
    pid = demo_spawn(demo, "worker.log", all);
    if (pid < 0)
        return demo_wrong("a worker could not be started: %s", strerror(errno));
    demo->workers[demo->worker_count++] = pid;
    return true;
}

static int demo_remove_one(const char *path, const struct stat *status, int kind, struct FTW *walk)
{
    (void)status, (void)kind, (void)walk;
    remove(path);
    return 0;
}

/* TERM, and after a while KILL. */
static void demo_end_process(pid_t pid)
{
    int64_t end_us = clock_monotonic_us() + 3000000;
    const struct timespec pause = {0, 10000000};

    if (pid <= 0)
        return;
    kill(pid, SIGTERM);
    while (waitpid(pid, NULL, WNOHANG) == 0) {
        if (clock_monotonic_us() > end_us)
            kill(pid, SIGKILL);
        nanosleep(&pause, NULL);
    }
}

void demo_stage_close(struct demo *demo)
{
    for (int i = 0; i < demo->worker_count; i++) {
        kill(demo->workers[i], SIGTERM); /* twice: its programs too */
        demo_end_process(demo->workers[i]);
    }
    demo_end_process(demo->server);
    demo->server = 0;
    if (demo->folder[0])
        nftw(demo->folder, demo_remove_one, 16, FTW_DEPTH | FTW_PHYS);
    demo->folder[0] = '\0';
}

/* As somebody would type it. */
static void demo_show_command(const char *const *args)
{
    printf("\n  $ fermata");
    for (size_t i = 0; args[i]; i++) {
        bool plain = args[i][strcspn(args[i], " {\"'$*")] == '\0';

        printf(plain ? " %s" : " '%s'", args[i]);
    }
    putchar('\n');
}

/* Shows the first lines, counts the others. */
static void demo_show_output(int fd, int lines)
{
    FILE *file = fdopen(fd, "r");
    char line[4096];
    int count = 0;

    if (!file) {
        close(fd);
        return;
    }
    while (fgets(line, sizeof(line), file))
        if (count++ < lines)
            printf("    %s", line);
    fclose(file);
    if (count > lines)
        printf("    ... and %d lines more\n", count - lines);
    fflush(stdout);
}

bool demo_command(struct demo *demo, int lines, const char *const *args)
{
    char **argv = ARENA_ARRAY(demo->cli->arena, char *, 64);
    int pipes[2], status;
    size_t count = 0;
    pid_t pid;

    demo_show_command(args);
    argv[count++] = demo->self;
    argv[count++] = arena_printf(demo->cli->arena, "--dir=%s", demo->dir);
    for (size_t i = 0; count < 63 && args[i]; i++)
        argv[count++] = arena_string(demo->cli->arena, args[i]);
    if (pipe2(pipes, O_CLOEXEC))
        return demo_wrong("a pipe could not be made: %s", strerror(errno));
    fflush(NULL);
    pid = fork();
    if (pid == 0) {
        dup2(pipes[1], STDOUT_FILENO);
        dup2(pipes[1], STDERR_FILENO);
        execv(demo->self, argv);
        _exit(127);
    }
    close(pipes[1]);
    demo_show_output(pipes[0], lines);
    if (pid < 0 || waitpid(pid, &status, 0) != pid)
        return demo_wrong("that command could not be run");
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
        return demo_wrong("that command ended with %d",
                          WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
    return !demo_interrupted();
}

static bool demo_call(struct demo *demo, const struct cli_request *request, const struct json **ret)
{
    struct cli_answer answer;

    cli_client_send(demo->cli->client, demo->cli->arena, request, DEMO_WAIT_MS / 4, &answer);
    if (demo_interrupted())
        return false;
    if (!cli_answer_ok(&answer)) {
        demo_wrong("%s %s answered %d %s", request->method, request->path, answer.status,
                   answer.status ? cli_answer_code(&answer) : answer.lost);
        demo_show_log(demo);
        return false;
    }
    *ret = answer.body;
    return true;
}

bool demo_get(struct demo *demo, const char *path, const struct json **ret)
{
    const struct cli_request request = {.method = "GET", .path = path, .repeatable = true};

    return demo_call(demo, &request, ret);
}

bool demo_post(struct demo *demo, const char *verb, const struct json *body,
               const struct json **ret)
{
    const struct cli_request request = {.method = "POST", .path = verb, .body = body};

    return demo_call(demo, &request, ret);
}

bool demo_wait_status(struct demo *demo, const char *id, const char *status)
{
    const char *path = arena_printf(demo->cli->arena, "executions/%s", id);
    int64_t end_us = clock_monotonic_us() + DEMO_WAIT_MS * 1000;
    const char *now = "unknown";

    while (clock_monotonic_us() < end_us) {
        const struct json *execution;

        if (!demo_get(demo, path, &execution))
            return false;
        now = cli_value_member(demo->cli->arena, execution, "status");
        if (strcmp(now, status) == 0)
            return true;
        if (cli_status_is_final(now) || !demo_pause(DEMO_LOOK_MS))
            break;
    }
    return demo_wrong("%s should be %s but is %s", id, status, now);
}
