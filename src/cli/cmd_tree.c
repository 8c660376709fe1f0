/*
 * cmd_tree.c - tree: an execution and its descendants as a drawing.
 *
 * Walks by links, not by recursion: a tree may be a chain of ten thousand. Lines deeper than
 * CMD_TREE_INDENT_MAX are not indented further, but say how deep they are.
 */
#include "cli/cli_priv.h"

#include <stdlib.h>
#include <string.h>

#define CMD_TREE_INDENT_MAX 24

struct cmd_tree_node {
    const struct json *json;
    const char *id;
    struct cmd_tree_node *parent, *first, *last, *next;
};

struct cmd_tree_options {
    struct cli_number limit;
    bool all;
};

/* clang-format off */
const struct cli_options cmd_tree_options = {
    .list = (const struct cli_option[]){
        CLI_OPTION("limit", 'n', NUMBER, offsetof(struct cmd_tree_options, limit), "N",
                   "at most so many executions (default 1000)", .min = 1, .max = INT64_MAX),
        CLI_OPTION("all", 'a', FLAG, offsetof(struct cmd_tree_options, all), NULL,
                   "all pages"),
        {0},
    },
    .bytes = sizeof(struct cmd_tree_options),
};
/* clang-format on */

static int cmd_tree_compare(const void *a, const void *b)
{
    const struct cmd_tree_node *const *left = a, *const *right = b;

    return strcmp((*left)->id, (*right)->id);
}

static int cmd_tree_find_compare(const void *key, const void *item)
{
    const struct cmd_tree_node *const *node = item;

    return strcmp(key, (*node)->id);
}

static const char *cmd_tree_string(const struct json *node, const char *name)
{
    const char *text = json_get_string(node, name);

    return text ? text : "";
}

/* Links the nodes in the order in which they came; whose parent is not here is a root. */
static struct cmd_tree_node *cmd_tree_link(struct arena *arena, const struct json *list)
{
    struct cmd_tree_node *nodes = ARENA_ARRAY(arena, struct cmd_tree_node, list->count + 1);
    struct cmd_tree_node **sorted = ARENA_ARRAY(arena, struct cmd_tree_node *, list->count + 1);
    struct cmd_tree_node *root = &nodes[list->count];

    for (uint32_t i = 0; i < list->count; i++) {
        nodes[i].json = list->items[i];
        nodes[i].id = cmd_tree_string(list->items[i], "plan_execution_id");
        sorted[i] = &nodes[i];
    }
    qsort(sorted, list->count, sizeof(struct cmd_tree_node *), cmd_tree_compare);
    for (uint32_t i = 0; i < list->count; i++) {
        struct cmd_tree_node **found =
            bsearch(cmd_tree_string(nodes[i].json, "parent"), sorted, list->count,
                    sizeof(struct cmd_tree_node *), cmd_tree_find_compare);
        struct cmd_tree_node *parent = found && *found != &nodes[i] ? *found : root;

        nodes[i].parent = parent;
        if (parent->last)
            parent->last->next = &nodes[i];
        else
            parent->first = &nodes[i];
        parent->last = &nodes[i];
    }
    return root;
}

static void cmd_tree_line(struct cli *cli, const struct cmd_tree_node *node, size_t depth,
                          FILE *file)
{
    const char *status = cli_value_member(cli->arena, node->json, "status");
    const char *state = json_get_string(node->json, "last_state");
    const char *id = cli_value_clean(cli->arena, node->id);
    bool plain = file != stdout;

    if (depth > CMD_TREE_INDENT_MAX)
        fprintf(file, "(depth %zu) ", depth);
    fprintf(file, "%s  %s%s%s", id, plain ? "" : cli_style_on(cli, cli_style_of_status(status)),
            status, plain ? "" : cli_style_off(cli));
    if (state)
        fprintf(file, "  %s", cli_value_clean(cli->arena, state));
    fputc('\n', file);
}

/* The branches in front of a node: of its ancestors from the outside in, then its own. */
static void cmd_tree_branches(struct cli *cli, const struct cmd_tree_node *node, size_t depth,
                              FILE *file)
{
    const char *through = cli->utf8 ? "\u2502  " : "|  ",
               *fork = cli->utf8 ? "\u251c\u2500 " : "|- ",
               *end = cli->utf8 ? "\u2514\u2500 " : "`- ";
    const struct cmd_tree_node *line[CMD_TREE_INDENT_MAX];
    size_t count = 0;

    if (depth > CMD_TREE_INDENT_MAX)
        return;
    for (; depth > 0; depth--, node = node->parent)
        line[count++] = node;
    for (size_t i = count; i-- > 1;)
        fputs(line[i]->next ? through : "   ", file);
    if (count > 0)
        fputs(line[0]->next ? fork : end, file);
}

void cmd_tree_draw(struct cli *cli, const struct json *nodes, FILE *file)
{
    const struct cmd_tree_node *root = cmd_tree_link(cli->arena, nodes);
    const struct cmd_tree_node *node = root->first;
    size_t depth = 0;

    while (node) {
        cmd_tree_branches(cli, node, depth, file);
        cmd_tree_line(cli, node, depth, file);
        if (node->first) {
            node = node->first;
            depth++;
            continue;
        }
        while (node != root && !node->next) {
            node = node->parent;
            depth -= node != root ? 1 : 0;
        }
        node = node == root ? NULL : node->next;
    }
}

int cmd_tree(struct cli *cli)
{
    const struct cmd_tree_options *options = cli->options;
    struct cli_pages pages = {.member = "nodes", .limit = 1000};
    const char *cursor;
    struct json *nodes;
    int result;

    cli->subject = cli->args[0];
    pages.path = cli_path(cli->arena, "executions/", cli->args[0], "/tree");
    pages.all = options->all && !options->limit.given;
    if (options->limit.given)
        pages.limit = options->limit.value;
    if (pages.all)
        pages.limit = 0;
    result = cli_pages_get(cli, &pages, &nodes, &cursor);
    if (result)
        return result;
    if (cli->json) {
        struct json *answer = json_object(cli->arena);

        json_add(cli->arena, answer, "nodes", nodes);
        json_add(cli->arena, answer, "next_cursor", json_string(cli->arena, cursor));
        cli_print_json(answer);
        return CLI_EXIT_OK;
    }
    cmd_tree_draw(cli, nodes, stdout);
    if (cursor)
        cli_say("there are more: --all, or --limit N");
    return CLI_EXIT_OK;
}
