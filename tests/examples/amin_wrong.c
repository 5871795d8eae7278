/* Not quite Amin: amin.c with one mistake, for amin-ref drive to find:
 *
 *     cc -O2 -o amin_wrong amin_wrong.c
 *     amin-ref drive -- ./amin_wrong
 *
 * A request that has generated a tokens and still runs will generate at least a + 1 tokens. Step 2
 * of Amin refines its lower bound to a, and this program to a + 1, so it evicts other requests.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    char *id;       /* its JSON text, quotes included */
    long position;  /* in the instance */
    long prompt;    /* tokens */
    long bound;     /* the working lower bound; tokens */
    long generated; /* tokens of the present run */
    int evicted;    /* in this round */
} Request;

typedef struct {
    Request *items;
    size_t size, room;
} List;

static long capacity, block_size;
static List waiting, running;

static void *checked(void *memory) {
    if (memory == NULL) {
        fprintf(stderr, "out of memory\n");
        exit(1);
    }
    return memory;
}

static void add(List *list, Request request) {
    if (list->size == list->room) {
        list->room = 2 * list->room + 8;
        list->items = checked(realloc(list->items, list->room * sizeof(Request)));
    }
    list->items[list->size++] = request;
}

static Request take(List *list, size_t index) {
    Request taken = list->items[index];
    list->size--;
    memmove(list->items + index, list->items + index + 1, (list->size - index) * sizeof(Request));
    return taken;
}

static void forget(List *list) {
    for (size_t i = 0; i < list->size; i++) free(list->items[i].id);
    list->size = 0;
}

/* Amin's order: by working lower bound, ties by position in the instance. */
static int precedence(const void *left, const void *right) {
    const Request *a = left, *b = right;
    if (a->bound != b->bound) return a->bound < b->bound ? -1 : 1;
    return (a->position > b->position) - (a->position < b->position);
}

static void sort(List *list) {
    if (list->size > 0) qsort(list->items, list->size, sizeof(Request), precedence);
}

static long occupied(long tokens) {
    return (tokens + block_size - 1) / block_size * block_size;
}

/* Tokens that a request is assumed to generate from now on. */
static long left_to_run(const Request *request) {
    long left = request->bound - request->generated;
    return left > 1 ? left : 1;
}

/* Whether the running requests' next tokens do not fit. */
static int overflows(void) {
    long held = 0;
    for (size_t i = 0; i < running.size; i++)
        held += occupied(running.items[i].prompt + running.items[i].generated + 1);
    return held > capacity;
}

/* Whether all running requests fit in every round until their assumed stops. */
static int all_fit(void) {
    for (long ahead = 0;; ahead++) {
        long held = 0;
        for (size_t i = 0; i < running.size; i++) {
            const Request *request = &running.items[i];
            if (left_to_run(request) > ahead)
                held += occupied(request->prompt + request->generated + ahead + 1);
        }
        if (held > capacity) return 0;
        if (held == 0) return 1;
    }
}

/* The text after "field": in the text that begins at `from`. */
static const char *behind(const char *from, const char *field) {
    char pattern[32];
    snprintf(pattern, sizeof pattern, "\"%s\": ", field);
    const char *found = strstr(from, pattern);
    if (found == NULL) {
        fprintf(stderr, "no %s in %s\n", pattern, from);
        exit(1);
    }
    return found + strlen(pattern);
}

static long number(const char *from, const char *field) {
    return strtol(behind(from, field), NULL, 10);
}

/* The end of the id that begins at `id`: a string or a number. */
static const char *end_of_id(const char *id) {
    if (*id != '"') return id + strcspn(id, ",]} ");
    for (id++; *id != '"'; id++)
        if (*id == '\\') id++;
    return id + 1;
}

/* Requests in the array "arrived". Their fields are searched for after the id, which may hold any
 * text. */
static const char *read_arrived(const char *line) {
    const char *at = behind(line, "arrived") + 1;
    while (*at == '{') {
        const char *id = at + strlen("{\"id\": "), *end = end_of_id(id);
        Request request = {0};
        request.id = checked(malloc((size_t)(end - id) + 1));
        memcpy(request.id, id, (size_t)(end - id));
        request.id[end - id] = '\0';
        request.prompt = number(end, "prompt_len");
        request.bound = number(end, "lower");
        request.position = number(end, "position");
        add(&waiting, request);
        at = strchr(end, '}') + 1;
        if (*at == ',') at += 2;
    }
    return at;
}

/* Ids in the array "completed", which follows the array of arrivals. */
static void read_completed(const char *line) {
    const char *at = behind(line, "completed") + 1;
    while (*at != ']') {
        const char *end = end_of_id(at);
        for (size_t i = 0; i < running.size; i++) {
            const char *id = running.items[i].id;
            if (strlen(id) == (size_t)(end - at) && memcmp(id, at, (size_t)(end - at)) == 0) {
                free(take(&running, i).id);
                break;
            }
        }
        at = *end == ',' ? end + 2 : end;
    }
}

static void decide(const char *line) {
    /* 1. Arrive. */
    read_completed(read_arrived(line));

    /* 2. Refine. */
    for (size_t i = 0; i < running.size; i++)
        if (running.items[i].bound < running.items[i].generated + 1)
            running.items[i].bound = running.items[i].generated + 1;

    /* 3. Evict. */
    printf("\"evict\": [");
    sort(&running);
    for (int first = 1; overflows(); first = 0) {
        Request victim = take(&running, 0);
        printf("%s%s", first ? "" : ", ", victim.id);
        victim.evicted = 1;
        add(&waiting, victim);
    }

    /* 4. Admit: in order, up to the first that does not fit; not those evicted in this round. */
    printf("], \"admit\": [");
    sort(&waiting);
    int first = 1;
    for (size_t i = 0; i < waiting.size;) {
        if (waiting.items[i].evicted) {
            i++;
            continue;
        }
        Request next = waiting.items[i];
        next.generated = 0;
        add(&running, next);
        if (!all_fit()) {
            running.size--;
            break;
        }
        take(&waiting, i);
        printf("%s%s", first ? "" : ", ", next.id);
        first = 0;
    }
    printf("]");
    for (size_t i = 0; i < waiting.size; i++) waiting.items[i].evicted = 0;

    /* 5. Generate. */
    for (size_t i = 0; i < running.size; i++) running.items[i].generated++;
}

int main(void) {
    char *line = NULL;
    size_t room = 0;
    while (getline(&line, &room, stdin) != -1 && strncmp(line, "{\"end\"", 6) != 0) {
        if (strncmp(line, "{\"hello\"", 8) == 0) {
            printf("{\"hello\": 1}\n");
        } else if (strncmp(line, "{\"begin\"", 8) == 0) {
            capacity = number(line, "capacity");
            block_size = number(line, "block_size");
            forget(&waiting);
            forget(&running);
            printf("{\"begin\": %ld}\n", number(line, "begin"));
        } else {
            printf("{\"round\": %ld, ", number(line, "round"));
            decide(line);
            printf("}\n");
        }
        fflush(stdout);
    }
    forget(&waiting);
    forget(&running);
    free(waiting.items);
    free(running.items);
    free(line);
    return 0;
}
