/*
 * Records the operations of a process on the files of one folder, so that a
 * test can rebuild the folder as a power cut would have left it (power_cut.ts).
 *
 * Built as a shared library and loaded with LD_PRELOAD:
 *
 *   DISK_LOG_FOLDER  the absolute path of the folder
 *   DISK_LOG_FILE    the file to which records are appended
 *   DISK_LOG_UPTIME  if set, the uptime that the process reads, in seconds
 *
 * A record is a header and `length` bytes of data. The lock is held over an
 * operation and the record, so that records have the order of their effects. A
 * flush has two records: only operations before the first are on the disk once
 * the second is written.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysinfo.h>
#include <sys/uio.h>
#include <unistd.h>

enum kind {
  OPENED = 1, /* data: the name in the folder; value: 1 if created */
  WRITTEN = 2, /* value: the offset; data: the bytes */
  RESIZED = 3, /* value: the new size */
  FLUSHING = 4, /* value: the number of the flush */
  FLUSHED = 5, /* value: the number of the flush */
  UNLINKED = 6, /* data: the name */
  RENAMED = 7, /* data: the old name, a zero byte, the new name */
};

struct header {
  uint32_t kind;
  uint32_t file; /* 0 for the folder itself */
  uint64_t value;
  uint64_t length;
};

#define MAX_FILES 4096
#define MAX_DESCRIPTORS 65536
#define NO_FILE UINT32_MAX

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char folder[PATH_MAX];
static size_t folder_length;
static int log_descriptor = -1;
static uint64_t flushes;
static uint32_t files = 1;
static char *names[MAX_FILES]; /* by file; NULL once unlinked */
static uint32_t file_of[MAX_DESCRIPTORS]; /* file + 1; 0 for none */

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

static void fail(const char *reason) {
  dprintf(2, "disk_log: %s\n", reason);
  _exit(99);
}

__attribute__((constructor)) static void start(void) {
  const char *path = getenv("DISK_LOG_FOLDER");
  if (path == NULL || realpath(path, folder) == NULL) return;
  folder_length = strlen(folder);
}

/* Called with the lock held. */
static void append(enum kind kind, uint32_t file, uint64_t value,
                   const void *data, uint64_t length) {
  if (log_descriptor < 0) {
    const char *path = getenv("DISK_LOG_FILE");
    int flags = O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC;
    if (path != NULL) log_descriptor = REAL(open)(path, flags, 0600);
    if (log_descriptor < 0) fail("the log can't be opened");
  }
  struct header header = {kind, file, value, length};
  struct iovec parts[2] = {
      {&header, sizeof header},
      {(void *)data, length},
  };
  ssize_t expected = sizeof header + length;
  if (REAL(writev)(log_descriptor, parts, 2) != expected) {
    fail("the log can't be written");
  }
}

/* Returns the name of a path in the folder: "" for the folder, or NULL. */
static const char *name_in_folder(const char *path) {
  if (strncmp(path, folder, folder_length) != 0) return NULL;
  if (path[folder_length] == 0) return "";
  if (path[folder_length] != '/') return NULL;
  return path + folder_length + 1;
}

static const char *name_of_descriptor(int descriptor, char *path) {
  char link[64];
  snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
  ssize_t length = readlink(link, path, PATH_MAX - 1);
  if (length < 0) return NULL;
  path[length] = 0;
  return name_in_folder(path);
}

/* Resolves the folder of a path, and keeps the name: the file may be missing. */
static const char *name_of_path(const char *path, char *buffer) {
  char parent[PATH_MAX];
  const char *slash = strrchr(path, '/');
  const char *name = slash == NULL ? path : slash + 1;
  if (slash == NULL) strcpy(parent, ".");
  else snprintf(parent, sizeof parent, "%.*s", (int)(slash - path + 1), path);
  char resolved[PATH_MAX];
  if (realpath(parent, resolved) == NULL) return NULL;
  if (snprintf(buffer, PATH_MAX, "%s/%s", resolved, name) >= PATH_MAX) {
    return NULL;
  }
  return name_in_folder(buffer);
}

static uint32_t file_by_name(const char *name) {
  for (uint32_t file = 1; file < files; file++) {
    if (names[file] != NULL && strcmp(names[file], name) == 0) return file;
  }
  return NO_FILE;
}

static int is_missing(const char *path) {
  int before = errno;
  int missing = access(path, F_OK) != 0;
  errno = before;
  return missing;
}

/* Called with the lock held. */
static void note_open(int descriptor, int created, int flags) {
  if (descriptor < 0 || descriptor >= MAX_DESCRIPTORS) return;
  file_of[descriptor] = 0;
  char path[PATH_MAX];
  const char *name = name_of_descriptor(descriptor, path);
  if (name == NULL) return;
  if (*name == 0) {
    file_of[descriptor] = 1;
    return;
  }
  uint32_t file = file_by_name(name);
  if (file == NO_FILE) {
    if (files == MAX_FILES) fail("too many files");
    file = files++;
    names[file] = strdup(name);
    append(OPENED, file, created, name, strlen(name));
  }
  file_of[descriptor] = file + 1;
  if (flags & O_TRUNC) append(RESIZED, file, 0, NULL, 0);
}

static uint32_t file_at(int descriptor) {
  if (descriptor < 0 || descriptor >= MAX_DESCRIPTORS) return NO_FILE;
  return file_of[descriptor] == 0 ? NO_FILE : file_of[descriptor] - 1;
}

#define OPENER(name, parameters, arguments)                   \
  int name parameters {                                       \
    mode_t mode = 0;                                          \
    if (flags & (O_CREAT | __O_TMPFILE)) {                    \
      va_list rest;                                           \
      va_start(rest, flags);                                  \
      mode = va_arg(rest, mode_t);                            \
      va_end(rest);                                           \
    }                                                         \
    if (folder_length == 0) return REAL(name) arguments;      \
    pthread_mutex_lock(&lock);                                \
    int created = (flags & O_CREAT) && is_missing(path);      \
    int descriptor = REAL(name) arguments;                    \
    note_open(descriptor, created, flags);                    \
    pthread_mutex_unlock(&lock);                              \
    return descriptor;                                        \
  }

OPENER(open, (const char *path, int flags, ...), (path, flags, mode))
OPENER(open64, (const char *path, int flags, ...), (path, flags, mode))
OPENER(openat, (int at, const char *path, int flags, ...),
       (at, path, flags, mode))
OPENER(openat64, (int at, const char *path, int flags, ...),
       (at, path, flags, mode))

int close(int descriptor) {
  if (file_at(descriptor) == NO_FILE) return REAL(close)(descriptor);
  pthread_mutex_lock(&lock);
  file_of[descriptor] = 0;
  int result = REAL(close)(descriptor);
  pthread_mutex_unlock(&lock);
  return result;
}

#define WRITER(name, parameters, arguments, position)                 \
  ssize_t name parameters {                                           \
    uint32_t file = file_at(descriptor);                              \
    if (file == NO_FILE) return REAL(name) arguments;                 \
    pthread_mutex_lock(&lock);                                        \
    uint64_t at = position;                                           \
    ssize_t written = REAL(name) arguments;                           \
    if (written > 0) append(WRITTEN, file, at, data, written);        \
    pthread_mutex_unlock(&lock);                                      \
    return written;                                                   \
  }

WRITER(write, (int descriptor, const void *data, size_t length),
       (descriptor, data, length), lseek(descriptor, 0, SEEK_CUR))
WRITER(pwrite, (int descriptor, const void *data, size_t length, off_t offset),
       (descriptor, data, length, offset), offset)
WRITER(pwrite64,
       (int descriptor, const void *data, size_t length, off64_t offset),
       (descriptor, data, length, offset), offset)

#define RESIZER(name, type)                                         \
  int name(int descriptor, type size) {                             \
    uint32_t file = file_at(descriptor);                            \
    if (file == NO_FILE) return REAL(name)(descriptor, size);       \
    pthread_mutex_lock(&lock);                                      \
    int result = REAL(name)(descriptor, size);                      \
    if (result == 0) append(RESIZED, file, size, NULL, 0);          \
    pthread_mutex_unlock(&lock);                                    \
    return result;                                                  \
  }

RESIZER(ftruncate, off_t)
RESIZER(ftruncate64, off64_t)

#define FLUSHER(name)                                               \
  int name(int descriptor) {                                        \
    uint32_t file = file_at(descriptor);                            \
    if (file == NO_FILE) return REAL(name)(descriptor);             \
    pthread_mutex_lock(&lock);                                      \
    uint64_t number = ++flushes;                                    \
    append(FLUSHING, file, number, NULL, 0);                        \
    pthread_mutex_unlock(&lock);                                    \
    int result = REAL(name)(descriptor);                            \
    if (result != 0) return result;                                 \
    pthread_mutex_lock(&lock);                                      \
    append(FLUSHED, file, number, NULL, 0);                         \
    pthread_mutex_unlock(&lock);                                    \
    return result;                                                  \
  }

FLUSHER(fsync)
FLUSHER(fdatasync)

/* Called with the lock held. */
static void forget_name(const char *name) {
  uint32_t file = file_by_name(name);
  if (file == NO_FILE) return;
  free(names[file]);
  names[file] = NULL;
}

static void note_unlink(const char *name) {
  forget_name(name);
  append(UNLINKED, 0, 0, name, strlen(name));
}

int unlink(const char *path) {
  char buffer[PATH_MAX];
  const char *name = folder_length == 0 ? NULL : name_of_path(path, buffer);
  if (name == NULL) return REAL(unlink)(path);
  pthread_mutex_lock(&lock);
  int result = REAL(unlink)(path);
  if (result == 0) note_unlink(name);
  pthread_mutex_unlock(&lock);
  return result;
}

int rename(const char *from, const char *to) {
  char buffers[2][PATH_MAX];
  const char *old = folder_length == 0 ? NULL : name_of_path(from, buffers[0]);
  const char *new = folder_length == 0 ? NULL : name_of_path(to, buffers[1]);
  if (old == NULL || new == NULL) return REAL(rename)(from, to);
  pthread_mutex_lock(&lock);
  int result = REAL(rename)(from, to);
  if (result == 0) {
    forget_name(new);
    uint32_t file = file_by_name(old);
    if (file != NO_FILE) {
      free(names[file]);
      names[file] = strdup(new);
    }
    char both[2 * PATH_MAX];
    size_t length = snprintf(both, sizeof both, "%s%c%s", old, 0, new);
    append(RENAMED, 0, 0, both, length);
  }
  pthread_mutex_unlock(&lock);
  return result;
}

int sysinfo(struct sysinfo *info) {
  int result = REAL(sysinfo)(info);
  const char *uptime = getenv("DISK_LOG_UPTIME");
  if (result == 0 && uptime != NULL) info->uptime = atol(uptime);
  return result;
}
