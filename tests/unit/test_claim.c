/* Who has a device of the host. */
#include "tests/unit/unit.h"
#include "hyp/core/claim.c"

static void forget_all(void)
{
    memset(claims, 0, sizeof(claims));
}

TEST(the_first_gets_it)
{
    forget_all();
    CHECK(!claim_owner(100));
    CHECK(claim_node(100, "one"));
    CHECK(!claim_node(100, "two"));
    CHECK(!strcmp(claim_owner(100), "one"));
    CHECK(!claim_owner(104));
}

TEST(who_has_released_it_has_it_no_more)
{
    forget_all();
    CHECK(claim_node(100, "one") && claim_node(200, "two"));
    claim_release(100);
    CHECK(!claim_owner(100));
    CHECK(!strcmp(claim_owner(200), "two"));
    claim_release(100);
    CHECK(claim_node(100, "three"));
    CHECK(!strcmp(claim_owner(100), "three"));
}

TEST(no_node_is_nobodys)
{
    forget_all();
    CHECK(!claim_node(FDT_NONE, "one"));
    CHECK(!claim_owner(FDT_NONE));
    claim_release(FDT_NONE);
}

TEST(the_root_is_a_node)
{
    forget_all();
    CHECK(!claim_owner(0));
    CHECK(claim_node(0, "one"));
    CHECK(!claim_node(0, "two"));
}

TEST(a_full_table_refuses_and_keeps_what_it_has)
{
    forget_all();
    for (fdt_node n = 0; n < MAX_CLAIMS; n++)
        CHECK(claim_node(4 * n, "one"));
    CHECK(!claim_node(4 * MAX_CLAIMS, "two"));
    claim_release(40);
    CHECK(claim_node(4 * MAX_CLAIMS, "two"));
    CHECK(!strcmp(claim_owner(4 * MAX_CLAIMS), "two"));
    CHECK(!strcmp(claim_owner(44), "one"));
}

UNIT_MAIN("claim")
