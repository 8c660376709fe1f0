/*
 * worker_program.c - start a program, feed it, listen to it, and be sure that it is gone.
 */
#include "cli/worker_program.h"

#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define PROGRAM_LOOK_MS 20        /* how often we look whether it has ended */
#define PROGRAM_LINGER_US 1000000 /* what its children may still write after its end */
#define PROGRAM_ERRORS_BYTES 8192 /* of standard error that are kept */
#define PROGRAM_CHUNK_BYTES 16384

struct program {
    struct arena *arena;
    pid_t pid;        /* and process group */
    int in, out, err; /* our ends; -1 when closed */
    const char *input;
    size_t input_len, input_done;
    struct buf output;
    char tail[PROGRAM_ERRORS_BYTES]; /* a ring: the byte n stands at n modulo its size */
    size_t tail_total;
    bool ended;
    int64_t ended_us;
    siginfo_t end;
};

static void program_close_fd(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

/* In the child, between fork and exec: only calls that are safe there. */
__attribute__((noreturn)) static void program_become(const struct program_config *config,
                                                     const int fds[3], int report, pid_t parent)
{
    sigset_t none;
    int error;

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(127);
    setpgid(0, 0);
    for (int signal_number = 1; signal_number < NSIG; signal_number++)
        signal(signal_number, SIG_DFL);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    for (int i = 0; i < 3; i++)
        if (dup2(fds[i], i) < 0)
            _exit(127);
    close_range(3, ~0U, CLOSE_RANGE_CLOEXEC);
    execvpe(config->argv[0], config->argv, config->environment);
    error = errno;
    if (write(report, &error, sizeof(error)) < 0)
        _exit(126);
    _exit(127);
}

/* Waits for exec: end of file when it went well, else the errno. */
static int program_report(int fd)
{
    int error = 0;
    ssize_t count;

    do
        count = read(fd, &error, sizeof(error));
    while (count < 0 && errno == EINTR);
    return count == (ssize_t)sizeof(error) ? error : 0;
}

/* pipes[0..2]: stdin, stdout, stderr; [3]: the report of exec. */
static int program_pipes(int pipes[4][2])
{
    for (int i = 0; i < 4; i++) {
        pipes[i][0] = -1;
        pipes[i][1] = -1;
    }
    for (int i = 0; i < 4; i++)
        if (pipe2(pipes[i], O_CLOEXEC))
            return errno;
    return 0;
}

static void program_pipes_close(int pipes[4][2])
{
    for (int i = 0; i < 4; i++) {
        program_close_fd(&pipes[i][0]);
        program_close_fd(&pipes[i][1]);
    }
}

static int program_spawn(struct program *program, const struct program_config *config,
                         int pipes[4][2])
{
    const int fds[3] = {pipes[0][0], pipes[1][1], pipes[2][1]};
    pid_t parent = getpid();
    int error;

    program->pid = fork();
    if (program->pid < 0)
        return errno;
    if (program->pid == 0)
        program_become(config, fds, pipes[3][1], parent);
    setpgid(program->pid, program->pid); /* whoever comes first */
    program_close_fd(&pipes[3][1]);
    error = program_report(pipes[3][0]);
    if (error)
        waitpid(program->pid, NULL, 0);
    return error;
}

/* Takes our end of a pipe out of the table, non-blocking. */
static int program_take(int *fd)
{
    int taken = *fd;

    fcntl(taken, F_SETFL, fcntl(taken, F_GETFL) | O_NONBLOCK);
    *fd = -1;
    return taken;
}

struct program *program_start(struct arena *arena, const struct program_config *config,
                              int *ret_error)
{
    struct program *program = ARENA_NEW(arena, struct program);
    int pipes[4][2];
    int error = program_pipes(pipes);

    program->arena = arena;
    program->input = config->input;
    program->input_len = config->input_len;
    buf_init(&program->output, arena, config->output_bytes_max);
    if (!error)
        error = program_spawn(program, config, pipes);
    if (!error) {
        program->in = program_take(&pipes[0][1]);
        program->out = program_take(&pipes[1][0]);
        program->err = program_take(&pipes[2][0]);
    }
    program_pipes_close(pipes);
    *ret_error = error;
    return error ? NULL : program;
}

static void program_feed(struct program *program)
{
    ssize_t count = write(program->in, program->input + program->input_done,
                          program->input_len - program->input_done);

    if (count > 0)
        program->input_done += (size_t)count;
    if (program->input_done == program->input_len ||
        (count < 0 && errno != EAGAIN && errno != EINTR))
        program_close_fd(&program->in); /* all of it, or nobody reads on */
}

static void program_hear(struct program *program, int *fd)
{
    char chunk[PROGRAM_CHUNK_BYTES];
    ssize_t count = read(*fd, chunk, sizeof(chunk));

    if (count == 0 || (count < 0 && errno != EAGAIN && errno != EINTR)) {
        program_close_fd(fd);
        return;
    }
    if (count < 0)
        return;
    if (fd == &program->out) {
        buf_add(&program->output, chunk, (size_t)count);
        return;
    }
    for (ssize_t i = 0; i < count; i++)
        program->tail[program->tail_total++ % PROGRAM_ERRORS_BYTES] = chunk[i];
    if (write(STDERR_FILENO, chunk, (size_t)count) < 0)
        return; /* nobody listens to us: the tail is kept all the same */
}

static void program_look(struct program *program)
{
    siginfo_t info = {0};

    if (program->ended)
        return;
    /* WNOWAIT: it stays a zombie, so that its number and its group stay ours until program_close.
     */
    if (waitid(P_PID, (id_t)program->pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
        info.si_pid == program->pid) {
        program->ended = true;
        program->ended_us = clock_monotonic_us();
        program->end = info;
    }
}

static bool program_is_over(const struct program *program)
{
    if (!program->ended)
        return false;
    return (program->out < 0 && program->err < 0) ||
           clock_monotonic_us() - program->ended_us > PROGRAM_LINGER_US;
}

/* Waits for data, but not so long that the end of the program goes unseen. */
static void program_wait(struct program *program, int64_t until_us)
{
    struct pollfd fds[3] = {
        {.fd = program->in,  .events = POLLOUT},
        {.fd = program->out, .events = POLLIN },
        {.fd = program->err, .events = POLLIN }
    };
    int64_t left_ms = (until_us - clock_monotonic_us()) / 1000 + 1;

    if (left_ms > PROGRAM_LOOK_MS)
        left_ms = PROGRAM_LOOK_MS;
    if (poll(fds, 3, left_ms > 0 ? (int)left_ms : 0) <= 0)
        return;
    if (fds[0].revents)
        program_feed(program);
    if (fds[1].revents)
        program_hear(program, &program->out);
    if (fds[2].revents)
        program_hear(program, &program->err);
}

bool program_step(struct program *program, int64_t until_us)
{
    while (!program_is_over(program)) {
        if (clock_monotonic_us() >= until_us)
            return false;
        program_wait(program, until_us);
        program_look(program);
    }
    return true;
}

void program_signal(struct program *program, int signal)
{
    kill(-program->pid, signal);
}

/* How many bytes the character at `at` has; 0 when it is not good UTF-8, or NUL. */
static size_t program_utf8(const unsigned char *at, size_t left)
{
    static const struct {
        unsigned char first, last; /* of the lead byte */
        unsigned char second_min, second_max;
        size_t len;
    } forms[] = {
        {0x01, 0x7f, 0x00, 0xff, 1},
        {0xc2, 0xdf, 0x80, 0xbf, 2},
        {0xe0, 0xe0, 0xa0, 0xbf, 3},
        {0xe1, 0xec, 0x80, 0xbf, 3},
        {0xed, 0xed, 0x80, 0x9f, 3},
        {0xee, 0xef, 0x80, 0xbf, 3},
        {0xf0, 0xf0, 0x90, 0xbf, 4},
        {0xf1, 0xf3, 0x80, 0xbf, 4},
        {0xf4, 0xf4, 0x80, 0x8f, 4},
    };
    size_t i = 0;

    while (i < ARRAY_SIZE(forms) && (at[0] < forms[i].first || at[0] > forms[i].last))
        i++;
    if (i == ARRAY_SIZE(forms) || forms[i].len > left)
        return 0;
    if (forms[i].len > 1 && (at[1] < forms[i].second_min || at[1] > forms[i].second_max))
        return 0;
    for (size_t k = 2; k < forms[i].len; k++)
        if ((at[k] & 0xc0) != 0x80)
            return 0;
    return forms[i].len;
}

/* The tail in order; a character cut at its begin and bytes that are no UTF-8 become question
 * marks. */
static const char *program_errors(struct program *program)
{
    size_t len = program->tail_total;
    size_t start = len > PROGRAM_ERRORS_BYTES ? len - PROGRAM_ERRORS_BYTES : 0;
    char *text = arena_alloc(program->arena, len - start + 1);
    size_t count = 0;

    for (size_t i = start; i < len; i++)
        text[count++] = program->tail[i % PROGRAM_ERRORS_BYTES];
    while (count > 0 && (text[count - 1] == '\n' || text[count - 1] == '\r'))
        count--;
    text[count] = '\0';
    for (size_t i = 0; i < count;) {
        size_t good = program_utf8((const unsigned char *)text + i, count - i);

        if (good == 0)
            text[i] = '?';
        i += good > 0 ? good : 1;
    }
    return text;
}

void program_close(struct program *program, struct program_result *ret)
{
    program_signal(program,
                   SIGKILL); /* what is left of its group; for the zombie itself it is nothing */
    waitpid(program->pid, NULL, 0);
    program_close_fd(&program->in);
    program_close_fd(&program->out);
    program_close_fd(&program->err);
    *ret = (struct program_result){
        .exited = program->end.si_code == CLD_EXITED,
        .code = program->end.si_status,
        .output = program->output.data ? program->output.data : "",
        .output_len = program->output.len,
        .output_too_large = program->output.overflow,
        .errors = program_errors(program),
    };
}
