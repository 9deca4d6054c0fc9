/*
 * plot.c - a picture by gnuplot, which reads a program and writes the picture.
 *
 * Both go through unnamed or temporary files, so that neither waits for the other. The picture is
 * made beside its place and takes it when it is complete: a file that was there stays until then.
 */
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"

extern char **environ;

#define BESIDE ".XXXXXX"

struct plot {
    const char *path;
    char *beside;         /* the picture that is being made */
    int picture;          /* its descriptor */
    struct output script; /* the program */
};

/* Runs gnuplot with those descriptors; returns its exit status, -1 if it could not be run. */
static int run_gnuplot(const char *argument, int in, int out)
{
    char *argv[] = {(char[]){"gnuplot"}, strdup(argument), NULL};
    posix_spawn_file_actions_t actions;
    pid_t child;
    int status = 0;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, in, STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
    int failure = posix_spawnp(&child, argv[0], &actions, NULL, argv, environ);
    posix_spawn_file_actions_destroy(&actions);
    free(argv[1]);
    if (failure != 0)
        return -1;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR)
        continue;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static bool find_gnuplot(struct console *console)
{
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    bool found = null >= 0 && run_gnuplot("--version", null, null) == 0;
    if (null >= 0)
        close(null);
    if (!found)
        console_error(console,
                      "--plot needs gnuplot, which cannot be run here: install the package "
                      "gnuplot-nox, or take --csv to a program of your choice");
    return found;
}

/* As if open() had made it. */
static void set_usual_mode(int file)
{
    mode_t mask = umask(0);
    umask(mask);
    (void)fchmod(file, 0666 & ~mask);
}

static bool open_files(struct plot *plot, struct console *console)
{
    size_t n = strlen(plot->path) + sizeof BESIDE;
    plot->beside = malloc(n);
    if (plot->beside == NULL) {
        console_error(console, "the host gave no memory");
        return false;
    }
    snprintf(plot->beside, n, "%s" BESIDE, plot->path);
    plot->picture = mkostemp(plot->beside, O_CLOEXEC);
    if (plot->picture < 0) {
        console_error(console, "--plot %s: cannot be written: %s", plot->path, strerror(errno));
        return false;
    }
    set_usual_mode(plot->picture);
    plot->script = (struct output){.stream = tmpfile(), .name = "a temporary file"};
    if (plot->script.stream == NULL)
        console_error(console, "--plot: no temporary file: %s", strerror(errno));
    return plot->script.stream != NULL;
}

void plot_abandon(struct plot *plot)
{
    if (plot == NULL)
        return;
    if (plot->picture >= 0) {
        close(plot->picture);
        unlink(plot->beside);
    }
    if (plot->script.stream != NULL)
        fclose(plot->script.stream);
    free(plot->beside);
    free(plot);
}

struct plot *plot_begin(const char *path, struct console *console)
{
    struct plot *plot = calloc(1, sizeof *plot);
    if (plot == NULL) {
        console_error(console, "the host gave no memory");
        return NULL;
    }
    plot->path = path;
    plot->picture = -1;
    if (find_gnuplot(console) && open_files(plot, console))
        return plot;
    plot_abandon(plot);
    return NULL;
}

struct output *plot_script(struct plot *plot)
{
    return &plot->script;
}

static bool draw(struct plot *plot, struct console *console)
{
    struct stat picture;
    FILE *script = plot->script.stream;
    if (fflush(script) != 0 || plot->script.error != 0 || lseek(fileno(script), 0, SEEK_SET) != 0) {
        console_error(console, "--plot: cannot write the program for gnuplot");
        return false;
    }
    if (run_gnuplot("-", fileno(script), plot->picture) != 0 ||
        fstat(plot->picture, &picture) != 0 || picture.st_size == 0) {
        console_error(console, "--plot %s: gnuplot drew nothing", plot->path);
        return false;
    }
    if (rename(plot->beside, plot->path) == 0)
        return true;
    console_error(console, "--plot %s: cannot be written: %s", plot->path, strerror(errno));
    return false;
}

bool plot_end(struct plot *plot, struct console *console)
{
    bool drawn = draw(plot, console);
    if (drawn) {
        close(plot->picture);
        plot->picture = -1; /* it has its name */
    }
    plot_abandon(plot);
    return drawn;
}
