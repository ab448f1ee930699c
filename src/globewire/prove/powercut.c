/* What a power cut would take away, written down: preloaded into the gateway by `globewire prove --power-cuts`.
 *
 * Of the files whose path begins with POWER_CUT_FILES (an absolute path; "-shm" excepted, it is memory) it logs to
 * POWER_CUT_LOG, before each change, what the change destroys; and, after each flush, that it returned. Files that are made
 * or removed get a second name in POWER_CUT_ASIDE, so that nothing is gone for good. After a SIGKILL `power.py` reads the log
 * and takes back what was not flushed. Every call is passed on as it came; only flushes of these files wait POWER_CUT_SLOW
 * microseconds first, as on a slow disk, so that a kill more often finds something that is not flushed.
 */
#define _GNU_SOURCE
#define _LARGEFILE64_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

enum kind { WRITE = 1, RESIZE, FLUSH, MADE, GONE, FLUSH_NAMES };

/* One entry of the log; `kept` octets that the change destroys follow it. power.py reads the same layout. */
struct entry {
    uint32_t magic, kind;
    uint64_t file, offset, length, size, kept;
    char name[64];
};

#define MAGIC 0x50574355u
#define MOST 65536
#define FOLDER 1

static uint64_t watched[MOST]; /* inode by descriptor; FOLDER for the directory; 0 for all that is not ours */
static char files[4096], folder[4096], aside[4096];
static size_t files_length, folder_length;
static int log_fd = -1;
static useconds_t slow;

/* What all processes of a gateway share, in a file beside the log: they take turns, and count the log's entries together. */
static struct {
    pthread_mutex_t lock;
    uint64_t entries;
} *shared;

static int (*real_open)(const char *, int, ...);
static int (*real_openat)(int, const char *, int, ...);
static int (*real_close)(int);
static ssize_t (*real_write)(int, const void *, size_t);
static ssize_t (*real_pwrite)(int, const void *, size_t, off64_t);
static int (*real_ftruncate)(int, off64_t);
static int (*real_fsync)(int);
static int (*real_fdatasync)(int);
static int (*real_unlink)(const char *);
static int (*real_rename)(const char *, const char *);
static int (*real_link)(const char *, const char *);

static void stop(const char *what) {
    fprintf(stderr, "powercut: %s: %s\n", what, strerror(errno));
    abort();
}

static off64_t size_of(int fd) {
    struct stat64 found;
    return fstat64(fd, &found) ? 0 : found.st_size;
}

/* The first process makes it, before it starts another. */
static void share(const char *log) {
    char name[4096];
    if (snprintf(name, sizeof name, "%s.shared", log) >= (int)sizeof name) stop("the log's name is too long");
    int fd = real_open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0600), made = fd >= 0 && !size_of(fd);
    if (fd < 0 || real_ftruncate(fd, sizeof *shared)) stop("what is shared cannot be made");
    shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (shared == MAP_FAILED) stop("what is shared cannot be mapped");
    real_close(fd);
    if (!made) return;
    pthread_mutexattr_t between;
    pthread_mutexattr_init(&between);
    pthread_mutexattr_setpshared(&between, PTHREAD_PROCESS_SHARED);
    pthread_mutex_init(&shared->lock, &between);
}

static void begin(void) {
    static int begun;
    if (begun) return;
    begun = 1;
    real_open = dlsym(RTLD_NEXT, "open64") ? dlsym(RTLD_NEXT, "open64") : dlsym(RTLD_NEXT, "open");
    real_openat = dlsym(RTLD_NEXT, "openat");
    real_close = dlsym(RTLD_NEXT, "close");
    real_write = dlsym(RTLD_NEXT, "write");
    real_pwrite = dlsym(RTLD_NEXT, "pwrite64") ? dlsym(RTLD_NEXT, "pwrite64") : dlsym(RTLD_NEXT, "pwrite");
    real_ftruncate = dlsym(RTLD_NEXT, "ftruncate64") ? dlsym(RTLD_NEXT, "ftruncate64") : dlsym(RTLD_NEXT, "ftruncate");
    real_fsync = dlsym(RTLD_NEXT, "fsync");
    real_fdatasync = dlsym(RTLD_NEXT, "fdatasync");
    real_unlink = dlsym(RTLD_NEXT, "unlink");
    real_rename = dlsym(RTLD_NEXT, "rename");
    real_link = dlsym(RTLD_NEXT, "link");
    const char *of = getenv("POWER_CUT_FILES"), *to = getenv("POWER_CUT_LOG"), *kept = getenv("POWER_CUT_ASIDE");
    if (!of || !to || !kept || strlen(of) >= sizeof files || strlen(kept) >= sizeof aside - 32) return;
    strcpy(aside, kept);
    strcpy(folder, of);
    *strrchr(folder, '/') = 0;
    folder_length = strlen(folder);
    log_fd = real_open(to, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (log_fd < 0) stop("the log cannot be opened");
    share(to);
    strcpy(files, of);
    files_length = strlen(files);
    const char *wait = getenv("POWER_CUT_SLOW");
    slow = wait ? strtoul(wait, NULL, 10) : 0;
}

__attribute__((constructor)) static void start(void) { begin(); }

static int ours(const char *path) {
    size_t length = strlen(path);
    if (!files_length || strncmp(path, files, files_length)) return 0;
    return !(length >= 4 && !strcmp(path + length - 4, "-shm"));
}

static uint64_t of(int fd) { return fd >= 0 && fd < MOST ? watched[fd] : 0; }

static void turn(void) { pthread_mutex_lock(&shared->lock); }
static void over(void) { pthread_mutex_unlock(&shared->lock); }

/* Log an entry; in turn. What is kept is read from `fd` at `from`. */
static void note(enum kind kind, uint64_t file, uint64_t offset, uint64_t length, uint64_t size, const char *path,
                 int fd, off64_t from, size_t kept) {
    struct entry entry = {MAGIC, kind, file, offset, length, size, 0, ""};
    char *octets = NULL;
    if (path) {
        const char *name = strrchr(path, '/');
        snprintf(entry.name, sizeof entry.name, "%s", name ? name + 1 : path);
    }
    if (kept) {
        if (!(octets = malloc(kept))) stop("no memory");
        /* The program may have opened it for writing only: read through a descriptor of our own. */
        char self[64];
        snprintf(self, sizeof self, "/proc/self/fd/%d", fd);
        int reading = fcntl(fd, F_GETFL) & O_RDWR ? fd : real_open(self, O_RDONLY | O_CLOEXEC);
        while (entry.kept < kept) {
            ssize_t got = pread64(reading, octets + entry.kept, kept - entry.kept, from + entry.kept);
            if (got <= 0) break;
            entry.kept += got;
        }
        if (reading != fd) real_close(reading);
    }
    struct iovec pieces[] = {{&entry, sizeof entry}, {octets, entry.kept}};
    if (writev(log_fd, pieces, 2) != (ssize_t)(sizeof entry + entry.kept)) stop("the log cannot be written");
    free(octets);
    shared->entries++;
}

/* Give a file a second name, so that it outlives its first. */
static void put_aside(const char *path, uint64_t file) {
    char name[sizeof aside + 32];
    snprintf(name, sizeof name, "%s/%llu", aside, (unsigned long long)file);
    if (real_link(path, name) && errno != EEXIST) stop("a file cannot be put aside");
}

static uint64_t inode(const char *path) {
    struct stat64 found;
    return lstat64(path, &found) ? 0 : found.st_ino;
}

static int is_folder(const char *path) {
    size_t length = strlen(path);
    while (length > 1 && path[length - 1] == '/') length--;
    return folder_length && length == folder_length && !strncmp(path, folder, length);
}

static int opened(const char *path, int flags, mode_t mode) {
    begin();
    if (!ours(path)) {
        int fd = real_open(path, flags, mode);
        if (fd >= 0 && fd < MOST) watched[fd] = is_folder(path) ? FOLDER : 0;
        return fd;
    }
    turn();
    int fresh = (flags & O_CREAT) && !inode(path);
    int fd = real_open(path, flags & ~O_TRUNC, mode);
    int failure = errno;
    if (fd >= 0 && fd < MOST) {
        uint64_t file = watched[fd] = inode(path);
        if (fresh) {
            put_aside(path, file);
            note(MADE, file, 0, 0, 0, path, -1, 0, 0);
        }
    }
    over();
    if (fd >= 0 && (flags & O_TRUNC) && ftruncate64(fd, 0)) stop("a file cannot be emptied");
    errno = failure;
    return fd;
}

int open(const char *path, int flags, ...) {
    va_list rest;
    va_start(rest, flags);
    mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(rest, mode_t) : 0;
    va_end(rest);
    return opened(path, flags, mode);
}

int openat(int at, const char *path, int flags, ...) {
    va_list rest;
    va_start(rest, flags);
    mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(rest, mode_t) : 0;
    va_end(rest);
    begin();
    return *path == '/' ? opened(path, flags, mode) : real_openat(at, path, flags, mode);
}

int close(int fd) {
    begin();
    if (fd >= 0 && fd < MOST) watched[fd] = 0;
    return real_close(fd);
}

static ssize_t written(int fd, const void *octets, size_t length, off64_t at, int moves) {
    uint64_t file = of(fd);
    if (file <= FOLDER || log_fd < 0) return moves ? real_write(fd, octets, length) : real_pwrite(fd, octets, length, at);
    turn();
    off64_t size = size_of(fd), from = !moves ? at : fcntl(fd, F_GETFL) & O_APPEND ? size : lseek64(fd, 0, SEEK_CUR);
    size_t kept = from >= size ? 0 : (off64_t)length < size - from ? length : (size_t)(size - from);
    note(WRITE, file, from, length, size, NULL, fd, from, kept);
    ssize_t done = moves ? real_write(fd, octets, length) : real_pwrite(fd, octets, length, at);
    int failure = errno;
    over();
    errno = failure;
    return done;
}

ssize_t write(int fd, const void *octets, size_t length) {
    begin();
    return written(fd, octets, length, 0, 1);
}

ssize_t pwrite64(int fd, const void *octets, size_t length, off64_t at) {
    begin();
    return written(fd, octets, length, at, 0);
}

int ftruncate64(int fd, off64_t length) {
    begin();
    uint64_t file = of(fd);
    if (file <= FOLDER || log_fd < 0) return real_ftruncate(fd, length);
    turn();
    off64_t size = size_of(fd);
    note(RESIZE, file, length, 0, size, NULL, fd, length, length < size ? (size_t)(size - length) : 0);
    int done = real_ftruncate(fd, length), failure = errno;
    over();
    errno = failure;
    return done;
}

/* Only what was logged before the flush began is safe once it has returned. */
static int flushed(int fd, int (*flush)(int)) {
    uint64_t file = of(fd);
    if (!file || log_fd < 0) return flush(fd);
    turn();
    uint64_t before = shared->entries;
    over();
    usleep(slow);
    int done = flush(fd), failure = errno;
    if (!done) {
        turn();
        note(file == FOLDER ? FLUSH_NAMES : FLUSH, file, before, 0, 0, NULL, -1, 0, 0);
        over();
    }
    errno = failure;
    return done;
}

int fsync(int fd) {
    begin();
    return flushed(fd, real_fsync);
}

int fdatasync(int fd) {
    begin();
    return flushed(fd, real_fdatasync);
}

static void going(const char *path) {
    uint64_t file = inode(path);
    if (!file) return;
    put_aside(path, file);
    note(GONE, file, 0, 0, 0, path, -1, 0, 0);
}

int unlink(const char *path) {
    begin();
    if (!ours(path)) return real_unlink(path);
    turn();
    going(path);
    int done = real_unlink(path), failure = errno;
    over();
    errno = failure;
    return done;
}

/* A new name for a file, and for rename the end of its old one and of the file that had the new one. */
static int named(const char *old, const char *fresh, int moves) {
    if (!ours(fresh)) return moves ? real_rename(old, fresh) : real_link(old, fresh);
    turn();
    uint64_t file = inode(old);
    if (moves && file) {
        going(fresh);
        going(old);
    }
    int done = moves ? real_rename(old, fresh) : real_link(old, fresh), failure = errno;
    if (!done) {
        put_aside(fresh, file);
        note(MADE, file, 0, 0, 0, fresh, -1, 0, 0);
    }
    over();
    errno = failure;
    return done;
}

int rename(const char *old, const char *fresh) {
    begin();
    return named(old, fresh, 1);
}

int link(const char *old, const char *fresh) {
    begin();
    return named(old, fresh, 0);
}

#ifdef __GLIBC__ /* elsewhere these are the same functions under one name */
int open64(const char *path, int flags, ...) __attribute__((alias("open")));
int openat64(int at, const char *path, int flags, ...) __attribute__((alias("openat")));
ssize_t pwrite(int fd, const void *octets, size_t length, off_t at) { return pwrite64(fd, octets, length, at); }
int ftruncate(int fd, off_t length) { return ftruncate64(fd, length); }
#endif
