/* 3x3 convolutions by Winograd's F(4x4, 3x3) in float32, for CPUs with AVX-512 or AVX2 and FMA.
 *
 * Pictures lie channels last. The 6x6 inputs that a tile of 4x4 outputs needs are transformed, and
 * what is a convolution becomes a product of matrices over channels at each of 36 points, with
 * weights that were transformed beforehand: 36 products for a tile instead of 144. Tiles are taken
 * in chunks that stay in the cache, and chunks by whichever thread is free. What comes out of a
 * tile depends on nothing else, so that it is the same for any number of threads.
 *
 * Winograd, Arithmetic complexity of computations, SIAM 1980; Lavin & Gray, arXiv:1509.09308. */

#include <stdint.h>

#define GENART_ABI 2

/* `x` (batch, height, width, inputs) to `y` (batch, height, width, outputs), none of them being 0
 * and both channels multiples of 16; `weights` as [point][outputs / 32][inputs][32], the rest of
 * the last 32 being 0.
 * `leak` is the slope below zero of the rectifier that follows, 1 where none does. Backward `x` is
 * the slope of the loss, `mask` what the rectifier gave, and nothing follows. */
struct convolution {
    const char *x;
    const char *mask; /* like x, or NULL */
    const float *weights;
    const float *bias; /* (outputs), or NULL */
    char *y;
    int64_t batch;
    int64_t height;
    int64_t width;
    int64_t inputs;
    int64_t outputs;
    int64_t is_half; /* x, mask and y are bfloat16 instead of float32 */
    float leak;
};

/* Runs a function with an argument on some threads and waits for them: GNU OpenMP's
 * `GOMP_parallel`. */
typedef void team(void (*function)(void *), void *argument, unsigned threads, unsigned flags);

enum { DONE = 0, UNABLE = 1 };

#if defined(__x86_64__) && defined(__linux__) && (defined(__GNUC__) || defined(__clang__))

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>

#define UNROLL _Pragma("GCC unroll 12") /* or sums would not stay in registers */

enum { SIDE = 6, POINTS = SIDE * SIDE, OUT = 4, PANEL = 32, ROWS = 12, MOST_THREADS = 64 };
enum { LINE = 16 }; /* floats; what rows and planes are apart beyond their size, or few sets of the
                     * cache would have to hold them all */
enum { CHUNK = 48, LARGE_CHUNK = 144, LARGE_WEIGHTS = 1 << 22 }; /* tiles, tiles, floats */

struct shared {
    const struct convolution *job;
    int64_t across; /* tiles */
    int64_t down;
    int64_t tiles;
    int64_t chunk; /* tiles, a multiple of ROWS */
    int64_t row_in; /* floats from tile to tile, and from point to point */
    int64_t row_out;
    int64_t plane_in;
    int64_t plane_out;
    float *scratch;
    int64_t lanes;
    atomic_llong next; /* tile */
    atomic_llong seats;
};

static int64_t up(int64_t value, int64_t unit) { return (value + unit - 1) / unit * unit; }

static struct shared shared_of(const struct convolution *job, int64_t threads) {
    const int64_t weights = POINTS * job->inputs * job->outputs;
    struct shared all = {.job = job};
    all.across = up(job->width, OUT) / OUT;
    all.down = up(job->height, OUT) / OUT;
    all.tiles = job->batch * all.down * all.across;
    all.chunk = weights < LARGE_WEIGHTS ? CHUNK : LARGE_CHUNK;
    if (all.chunk * threads > all.tiles)
        all.chunk = up(up(all.tiles, threads) / threads, ROWS);
    all.row_in = job->inputs + LINE;
    all.row_out = up(job->outputs, PANEL) + LINE;
    all.plane_in = all.chunk * all.row_in + LINE;
    all.plane_out = all.chunk * all.row_out + LINE;
    return all;
}

static int64_t most(int64_t threads) { return threads < MOST_THREADS ? threads : MOST_THREADS; }

/* Floats that one thread works on: transformed inputs, transformed outputs, zeros. */
static int64_t desk_size(const struct shared *all) {
    return POINTS * (all->plane_in + all->plane_out) + up(all->job->inputs, LINE);
}

#define TARGET __attribute__((target("avx512f,avx512dq,avx512vl")))
#define LANES 16
#define NAME(x) x##_avx512
#include "winograd_lanes.h"
#undef TARGET
#undef LANES
#undef NAME

#define TARGET __attribute__((target("avx2,fma")))
#define LANES 8
#define NAME(x) x##_avx2
#include "winograd_lanes.h"

/* Floats of the widest vectors that this CPU has instructions for, 0 if they are too narrow. */
static int widest(void) {
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
        __builtin_cpu_supports("avx512vl"))
        return 16;
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") ? 8 : 0;
}

static void sit_down(void *argument) {
    struct shared *all = argument;
    float *desk = all->scratch + atomic_fetch_add(&all->seats, 1) * desk_size(all);
    memset(desk + desk_size(all) - up(all->job->inputs, LINE), 0,
           (size_t)all->job->inputs * sizeof(float));
    (all->lanes == 16 ? work_avx512 : work_avx2)(all, desk);
}

static void *help(void *all) {
    sit_down(all);
    return 0;
}

static int64_t start_helpers(struct shared *all, pthread_t *helpers, int64_t count) {
    sigset_t every, before;
    int64_t started = 0;
    sigfillset(&every); /* signals are for the threads that were there */
    pthread_sigmask(SIG_SETMASK, &every, &before);
    while (started < count && pthread_create(helpers + started, 0, help, all) == 0)
        started++;
    pthread_sigmask(SIG_SETMASK, &before, 0);
    return started;
}

static void work_on_threads_of_our_own(struct shared *all, int64_t count) {
    pthread_t helpers[MOST_THREADS];
    const int64_t started = start_helpers(all, helpers, count - 1);
    sit_down(all);
    for (int64_t i = 0; i < started; i++)
        pthread_join(helpers[i], 0);
}

int genart_winograd_abi(void) { return GENART_ABI; }

int genart_winograd_lanes(void) { return widest(); }

/* Floats that `genart_winograd_convolve` needs as `scratch`. */
int64_t genart_winograd_scratch(const struct convolution *job, int64_t threads) {
    const struct shared all = shared_of(job, most(threads));
    return most(threads) * desk_size(&all);
}

/* Convolves on up to `threads` threads with vectors of `lanes` floats, 8 or 16. The threads are the
 * caller's, by `run_team`, or our own where it is NULL. */
int genart_winograd_convolve(const struct convolution *job, float *scratch, int64_t threads,
                             int64_t lanes, team *run_team) {
    struct shared all = shared_of(job, most(threads));
    const int64_t chunks = up(all.tiles, all.chunk) / all.chunk;
    const int64_t wanted = chunks < most(threads) ? chunks : most(threads);
    if (lanes > widest() || (lanes != 8 && lanes != 16))
        return UNABLE;
    all.scratch = scratch;
    all.lanes = lanes;
    if (wanted == 1)
        sit_down(&all);
    else if (run_team)
        run_team(sit_down, &all, (unsigned)wanted, 0);
    else
        work_on_threads_of_our_own(&all, wanted);
    return DONE;
}

#else

int genart_winograd_abi(void) { return GENART_ABI; }
int genart_winograd_lanes(void) { return 0; }
int64_t genart_winograd_scratch(const struct convolution *job, int64_t threads) {
    (void)job, (void)threads;
    return 0;
}
int genart_winograd_convolve(const struct convolution *job, float *scratch, int64_t threads,
                             int64_t lanes, team *run_team) {
    (void)job, (void)scratch, (void)threads, (void)lanes, (void)run_team;
    return UNABLE;
}

#endif
