/* What becomes of a resource: bodies as clients send them, and PATCH in all its forms. */
#include "endpoints/scim_patch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "base/arena.h"
#include "base/json.h"
#include "base/text.h"
#include "endpoints/scim_resource.h"

static struct arena *arena;

static int start(void **state)
{
	(void)state;
	arena = arena_open("test");
	return 0;
}

static int stop(void **state)
{
	(void)state;
	arena_close(&arena);
	return 0;
}

/* Texts here have ' for ". */
static struct json *parsed(const char *text)
{
	char *json = arena_text(arena, text);
	struct json *value;
	struct error e;

	for (char *c = json; *c; c++)
		if (*c == '\'')
			*c = '"';
	if (json_parse(arena, json, strlen(json), &value, &e) < 0)
		fail_msg("%s: %s", text, e.text);
	return value;
}

static const char *written(const struct json *value)
{
	struct buffer buffer;
	struct json_writer w;
	char *text;

	buffer_open(&buffer, KB(64));
	json_writer_open(&w, &buffer);
	json_put(&w, NULL, value);
	text = arena_text(arena, buffer.bytes);
	buffer_close(&buffer);
	for (char *c = text; *c; c++)
		if (*c == '"')
			*c = '\'';
	return text;
}

static void same(const struct json *is, const char *expected)
{
	if (!json_same(is, parsed(expected)))
		assert_string_equal(written(is), expected);
}

#define URN "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"

/* ---- bodies ---- */

static void takes(const char *body, const char *expected, unsigned deviations)
{
	struct json *document;
	unsigned tolerated = 0;
	struct error e;

	if (scim_document_take(arena, SCIM_USER, parsed(body), &document, &tolerated, &e) < 0)
		fail_msg("%s: %s", body, e.text);
	same(document, expected);
	assert_int_equal(tolerated, deviations);
}

static void a_body_becomes_a_document(void **state)
{
	(void)state;
	takes("{'schemas':['" SCIM_URN_USER "'],'USERNAME':'ada','name':{'givenname':'Ada'},'active':true}",
	      "{'userName':'ada','name':{'givenName':'Ada'},'active':true}", 0);
	takes("{'userName':'a','title':null,'roles':[],'emails':[{'value':'a@b.example','type':'work','primary':true}]}",
	      "{'userName':'a','emails':[{'value':'a@b.example','type':'work','primary':true}]}", 0);
	takes("{'userName':'a','id':'7','meta':{'resourceType':'User'},'groups':[{'value':'g'}],'password':'secret'}",
	      "{'userName':'a'}", SCIM_DEVIATION(SCIM_READ_ONLY_SENT));
	takes("{'userName':'a','active':'False'}", "{'userName':'a','active':false}", SCIM_DEVIATION(SCIM_BOOLEAN_AS_TEXT));
	takes("{'userName':'a','shoe':43}", "{'userName':'a'}", SCIM_DEVIATION(SCIM_UNKNOWN_ATTRIBUTE));
	takes("{'userName':'a','emails':{'value':'x'}}", "{'userName':'a','emails':[{'value':'x'}]}",
	      SCIM_DEVIATION(SCIM_OBJECT_AS_ARRAY));
	takes("{'userName':'a','emails':['x']}", "{'userName':'a','emails':[{'value':'x'}]}", SCIM_DEVIATION(SCIM_TEXT_AS_OBJECT));
	takes("{'userName':'a','emails':[{'value':'x','primary':true},{'value':'y','primary':true}]}",
	      "{'userName':'a','emails':[{'value':'x'},{'value':'y','primary':true}]}", 0);
	takes("{'userName':'a','" URN "':{'employeeNumber':4711,'Manager':'id7','department':'Eng'}}",
	      "{'userName':'a','" URN "':{'employeeNumber':'4711','manager':{'value':'id7'},'department':'Eng'}}",
	      SCIM_DEVIATION(SCIM_NUMBER_AS_TEXT) | SCIM_DEVIATION(SCIM_TEXT_AS_OBJECT));
	takes("{'userName':'a','" URN "':{'manager':''}}", "{'userName':'a'}", SCIM_DEVIATION(SCIM_TEXT_AS_OBJECT));
	takes("{'userName':'a','urn:acme:2.0:User':{'Floor':3,'gone':null,'half':1.5}}",
	      "{'userName':'a','urn:acme:2.0:User':{'Floor':3,'half':1.5}}", 0);
}

static void a_bad_body_is_refused_with_the_place(void **state)
{
	static const char *const cases[][2] = {
		{ "[]", "the body is no JSON object" },
		{ "{'userName':true}", "\"userName\": a text is expected" },
		{ "{'active':'perhaps'}", "\"active\": true or false is expected" },
		{ "{'emails':[{'value':'x'},{'primary':'x'}]}", "\"emails[1].primary\": true or false is expected" },
		{ "{'emails':[7]}", "\"emails[0]\": an object is expected" },
		{ "{'name':'Ada'}", "\"name\": an object is expected" },
		{ "{'" URN "':'x'}", "\"" URN "\": an object is expected" },
	};
	struct json *document;
	unsigned tolerated = 0;
	struct error e;

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		if (scim_document_take(arena, SCIM_USER, parsed(cases[i][0]), &document, &tolerated, &e) == 0)
			fail_msg("%s was taken", cases[i][0]);
		assert_string_equal(e.text, cases[i][1]);
	}
}

/* ---- PATCH ---- */

static const char ada[] = "{'userName':'ada','active':true,'name':{'givenName':'Ada','familyName':'Byron'},"
			  "'emails':[{'value':'ada@a.example','type':'work','primary':true},{'value':'ada@home.example','type':'home'}],"
			  "'" URN "':{'department':'Eng'}}";

static int apply(enum scim_kind kind, struct json *document, const char *operations, struct scim_patch *ret, struct error *e)
{
	return scim_patch_apply(arena, kind, parsed(arena_format(arena, "{'Operations':[%s]}", operations)), document, ret, e);
}

/* From ada to what is expected; changed operations and what was tolerated. */
static void becomes(const char *operations, const char *expected, size_t changed, unsigned deviations)
{
	struct json *document = parsed(ada);
	struct scim_patch patch;
	struct error e;

	if (apply(SCIM_USER, document, operations, &patch, &e) < 0)
		fail_msg("%s: %s", operations, e.text);
	same(document, expected);
	assert_int_equal(patch.changed, changed);
	assert_int_equal(patch.deviations, deviations);
}

/* What ada is with these members instead of, or beside, her own. NULL: without. */
static const char *ada_with(const char *name, const char *value)
{
	struct json *document = parsed(ada);

	if (value)
		json_set(arena, document, name, parsed(value));
	else
		json_unset(document, name);
	return written(document);
}

static void single_values(void **state)
{
	(void)state;
	becomes("{'op':'replace','path':'active','value':false}", ada_with("active", "false"), 1, 0);
	becomes("{'op':'Replace','path':'active','value':'False'}", ada_with("active", "false"), 1,
		SCIM_DEVIATION(SCIM_OPERATION_CASE) | SCIM_DEVIATION(SCIM_BOOLEAN_AS_TEXT));
	becomes("{'op':'replace','value':{'active':false}}", ada_with("active", "false"), 1, 0);
	becomes("{'op':'add','path':'title','value':'Countess'}", ada_with("title", "'Countess'"), 1, 0);
	becomes("{'op':'add','path':'userName','value':'lovelace'}", ada_with("userName", "'lovelace'"), 1, 0);
	becomes("{'op':'replace','path':'userName','value':'ada'}", ada, 0, 0);
	becomes("{'op':'remove','path':'active'}", ada_with("active", NULL), 1, 0);
	becomes("{'op':'remove','path':'title'}", ada, 0, 0);
	becomes("{'op':'replace','path':'title','value':null}", ada, 0, 0);
	becomes("{'op':'replace','value':{'password':'secret','id':'7'}}", ada, 0, SCIM_DEVIATION(SCIM_READ_ONLY_SENT));
}

static void parts_of_single_values(void **state)
{
	(void)state;
	becomes("{'op':'replace','path':'name.familyName','value':'Lovelace'}",
		ada_with("name", "{'givenName':'Ada','familyName':'Lovelace'}"), 1, 0);
	becomes("{'op':'replace','path':'name','value':{'familyName':'Lovelace'}}",
		ada_with("name", "{'givenName':'Ada','familyName':'Lovelace'}"), 1, 0);
	becomes("{'op':'remove','path':'name.givenName'},{'op':'remove','path':'name.familyName'}", ada_with("name", NULL), 2, 0);
	becomes("{'op':'replace','value':{'displayName':'Ada L','name.familyName':'Lovelace','" URN ":employeeNumber':'7'}}",
		"{'userName':'ada','active':true,'name':{'givenName':'Ada','familyName':'Lovelace'},'displayName':'Ada L',"
		"'emails':[{'value':'ada@a.example','type':'work','primary':true},{'value':'ada@home.example','type':'home'}],"
		"'" URN "':{'department':'Eng','employeeNumber':'7'}}",
		1, SCIM_DEVIATION(SCIM_KEY_AS_PATH));
}

static void several_values(void **state)
{
	(void)state;
	becomes("{'op':'replace','path':'emails[type eq \\'work\\'].value','value':'new@a.example'}",
		ada_with("emails", "[{'value':'new@a.example','type':'work','primary':true},{'value':'ada@home.example','type':'home'}]"), 1, 0);
	becomes("{'op':'Add','path':'phoneNumbers[type eq \\'mobile\\'].value','value':'+44 7'}",
		ada_with("phoneNumbers", "[{'type':'mobile','value':'+44 7'}]"), 1,
		SCIM_DEVIATION(SCIM_OPERATION_CASE) | SCIM_DEVIATION(SCIM_MADE_BY_FILTER));
	becomes("{'op':'add','path':'emails','value':[{'value':'x@a.example','primary':true}]}",
		ada_with("emails", "[{'value':'ada@a.example','type':'work'},{'value':'ada@home.example','type':'home'},"
				   "{'value':'x@a.example','primary':true}]"), 1, 0);
	becomes("{'op':'add','path':'emails','value':[{'value':'ada@home.example','type':'home'}]}", ada, 0, 0);
	becomes("{'op':'replace','path':'emails','value':[{'value':'x@a.example'}]}", ada_with("emails", "[{'value':'x@a.example'}]"), 1, 0);
	becomes("{'op':'replace','path':'emails','value':[]}", ada_with("emails", NULL), 1, 0);
	becomes("{'op':'remove','path':'emails[type eq \\'home\\']'}",
		ada_with("emails", "[{'value':'ada@a.example','type':'work','primary':true}]"), 1, 0);
	becomes("{'op':'remove','path':'emails[type eq \\'fax\\']'}", ada, 0, 0);
	becomes("{'op':'remove','path':'emails[type eq \\'work\\'].value','value':'whatever'}",
		ada_with("emails", "[{'type':'work','primary':true},{'value':'ada@home.example','type':'home'}]"), 1, 0);
	becomes("{'op':'remove','path':'emails','value':[{'value':'ada@home.example'}]}",
		ada_with("emails", "[{'value':'ada@a.example','type':'work','primary':true}]"), 1, SCIM_DEVIATION(SCIM_REMOVE_BY_VALUE));
	becomes("{'op':'replace','path':'emails[type eq \\'home\\'].primary','value':'true'}",
		ada_with("emails", "[{'value':'ada@a.example','type':'work'},{'value':'ada@home.example','type':'home','primary':true}]"), 1,
		SCIM_DEVIATION(SCIM_BOOLEAN_AS_TEXT));
	/* Nothing is no value, and what has none is none. */
	becomes("{'op':'replace','path':'phoneNumbers.value','value':[]}", ada, 0, SCIM_DEVIATION(SCIM_MADE_BY_FILTER));
	becomes("{'op':'add','path':'phoneNumbers[type eq \\'fax\\'].value','value':[]}", ada, 0, SCIM_DEVIATION(SCIM_MADE_BY_FILTER));
	becomes("{'op':'add','path':'phoneNumbers','value':[{'value':'1'},{'value':'2','type':'fax'}]},{'op':'replace','path':'phoneNumbers.value','value':null}",
		ada_with("phoneNumbers", "[{'type':'fax'}]"), 2, 0);
	becomes("{'op':'replace','path':'emails.primary','value':true}",
		ada_with("emails", "[{'value':'ada@a.example','type':'work'},{'value':'ada@home.example','type':'home','primary':true}]"), 1, 0);
	becomes("{'op':'remove','path':'emails'}", ada_with("emails", NULL), 1, 0);
}

static void extensions(void **state)
{
	(void)state;
	becomes("{'op':'Add','path':'" URN ":manager','value':[{'$ref':'../Users/9','value':'9'}]}",
		ada_with(URN, "{'department':'Eng','manager':{'$ref':'../Users/9','value':'9'}}"), 1,
		SCIM_DEVIATION(SCIM_OPERATION_CASE) | SCIM_DEVIATION(SCIM_ARRAY_AS_OBJECT));
	becomes("{'op':'replace','path':'" URN ":manager','value':'9'}", ada_with(URN, "{'department':'Eng','manager':{'value':'9'}}"), 1,
		SCIM_DEVIATION(SCIM_TEXT_AS_OBJECT));
	becomes("{'op':'replace','path':'" URN ":department','value':null}", ada_with(URN, NULL), 1, 0);
	becomes("{'op':'remove','path':'" URN ":department'}", ada_with(URN, NULL), 1, 0);
	becomes("{'op':'remove','path':'" URN "'}", ada_with(URN, NULL), 1, 0);
	becomes("{'op':'add','value':{'" URN "':{'division':'R'}}}", ada_with(URN, "{'department':'Eng','division':'R'}"), 1, 0);
	becomes("{'op':'add','path':'urn:acme:2.0:User:floor','value':3}", ada_with("urn:acme:2.0:User", "{'floor':3}"), 1, 0);
	becomes("{'op':'add','path':'urn:acme:2.0:User:desk[type eq \\'a\\'].value','value':3}",
		ada_with("urn:acme:2.0:User", "{'desk':[{'type':'a','value':3}]}"), 1, SCIM_DEVIATION(SCIM_MADE_BY_FILTER));
}

static void what_is_wrong_is_refused_with_the_operation(void **state)
{
	static const char *const cases[][3] = {
		{ "{'op':'move','path':'active'}", "scim.invalidSyntax", "operation 1: \"op\" is \"move\"; add, replace or remove is expected" },
		{ "{'op':'remove'}", "scim.noTarget", "operation 1: \"remove\" needs a \"path\"" },
		{ "{'op':'replace','path':'active'}", "scim.invalidValue", "operation 1: there is no \"value\"" },
		{ "{'op':'replace','value':true}", "scim.invalidValue", "operation 1: without a \"path\", \"value\" is an object" },
		{ "{'op':'replace','path':'id','value':'7'}", "scim.mutability", "operation 1: \"id\" is the server's to say" },
		{ "{'op':'replace','path':'groups','value':[]}", "scim.mutability", "operation 1: \"groups\" is the server's to say" },
		{ "{'op':'replace','path':'shoe','value':'7'}", "scim.invalidPath", "operation 1: the path, at character 1: there is no attribute \"shoe\"" },
		{ "{'op':'replace','path':'active','value':true},{'op':'replace','path':'active','value':'x'}", "scim.invalidValue",
		  "operation 2: \"active\": true or false is expected" },
		{ "{'op':'remove','path':'userName'}", "scim.invalidValue", "operation 1: \"userName\" cannot be without a value" },
		{ "{'op':'replace','path':'phoneNumbers[type ne \\'fax\\'].value','value':'1'}", "scim.noTarget",
		  "operation 1: no value of \"phoneNumbers\" is meant, and one cannot be made from this filter" },
		{ "{'op':'replace','value':{'name.shoe':'1'}}", "scim.invalidPath",
		  "operation 1: \"name.shoe\": the path, at character 1: \"name\" has no part \"shoe\"" },
		{ "7", "scim.invalidSyntax", "operation 1: it is no object" },
	};
	struct scim_patch patch;
	struct error e;

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		if (apply(SCIM_USER, parsed(ada), cases[i][0], &patch, &e) == 0)
			fail_msg("%s was taken", cases[i][0]);
		assert_string_equal(e.text, cases[i][2]);
		assert_string_equal(e.code, cases[i][1]);
	}
	assert_int_equal(scim_patch_apply(arena, SCIM_USER, parsed("{'Operations':[]}"), parsed(ada), &patch, &e), -1);
	assert_int_equal(scim_patch_apply(arena, SCIM_USER, parsed("{}"), parsed(ada), &patch, &e), -1);
	assert_string_equal(e.text, "\"Operations\", an array of at least one, is expected");
}

/* ---- members of groups ---- */

static void edits_are(const char *operations, const char *expected)
{
	static const char *const words[] = { [SCIM_ADD_MEMBERS] = "add", [SCIM_REMOVE_MEMBERS] = "remove", [SCIM_REPLACE_MEMBERS] = "replace" };
	struct json *document = parsed("{'displayName':'G'}");
	struct scim_patch patch;
	struct buffer shown;
	struct error e;

	if (apply(SCIM_GROUP, document, operations, &patch, &e) < 0)
		fail_msg("%s: %s", operations, e.text);
	buffer_open(&shown, KB(4));
	for (size_t i = 0; i < patch.edit_count; i++) {
		buffer_format(&shown, "%s%s", i ? "; " : "", words[patch.edits[i].kind]);
		for (size_t k = 0; k < patch.edits[i].count; k++)
			buffer_format(&shown, " %s", patch.edits[i].members[k]);
	}
	assert_string_equal(shown.bytes ? shown.bytes : "", expected);
	buffer_close(&shown);
}

static void members_are_told_as_edits(void **state)
{
	struct scim_patch patch;
	struct error e;

	(void)state;
	edits_are("{'op':'remove','path':'members[value eq \\'a\\']'},{'op':'add','path':'members','value':[{'value':'b','display':'x'}]}",
		  "remove a; add b");
	edits_are("{'op':'Add','path':'members','value':[{'$ref':null,'value':'a'},{'value':'b'}]}", "add a b");
	edits_are("{'op':'Remove','path':'members','value':[{'$ref':null,'value':'a'}]}", "remove a");
	edits_are("{'op':'remove','path':'members'}", "replace");
	edits_are("{'op':'replace','path':'members','value':[]}", "replace");
	edits_are("{'op':'replace','value':{'members':[{'value':'a'}],'id':'7','displayName':'G'}}", "replace a");
	edits_are("{'op':'remove','path':'members[value eq \\'a\\' or value eq \\'b\\']'}", "remove a b");
	edits_are("{'op':'replace','value':{'id':'7','displayName':'H'}}", "");
	assert_int_equal(apply(SCIM_GROUP, parsed("{}"), "{'op':'remove','path':'members[type eq \\'User\\']'}", &patch, &e), -1);
	assert_string_equal(e.text, "operation 1: members are removed by \"members[value eq ...]\"");
	assert_int_equal(apply(SCIM_GROUP, parsed("{}"), "{'op':'replace','path':'members[value eq \\'a\\'].value','value':'b'}", &patch, &e), -1);
	assert_string_equal(e.code, "scim.mutability");
	assert_int_equal(apply(SCIM_GROUP, parsed("{}"), "{'op':'add','path':'members','value':[{'display':'x'}]}", &patch, &e), -1);
	assert_string_equal(e.text, "operation 1: a member is an object with \"value\", the id of a user or group");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_body_becomes_a_document),
		cmocka_unit_test(a_bad_body_is_refused_with_the_place),
		cmocka_unit_test(single_values),
		cmocka_unit_test(parts_of_single_values),
		cmocka_unit_test(several_values),
		cmocka_unit_test(extensions),
		cmocka_unit_test(what_is_wrong_is_refused_with_the_operation),
		cmocka_unit_test(members_are_told_as_edits),
	};
	return cmocka_run_group_tests(tests, start, stop);
}
