// A head as a card describes it: read, and refused.
#include <gtest/gtest.h>

#include "wire/summary_json.h"

namespace pare::wire {
namespace {

// The example of docs/heads.md.
constexpr const char* kYolox = R"({"head": "mine",
 "head_description": {
   "strides": [8, 16, 32],
   "outputs": [{"name": "output", "layout": "rows", "columns": [
     {"part": "box", "applied": false},
     {"part": "objectness", "function": "sigmoid"},
     {"part": "classes", "function": "sigmoid"}]}],
   "box": {"from": "centre_size", "unit": "stride", "size": "exp"}}})";

TEST(HeadDescription, the_example_of_the_docs_means_what_they_say) {
  const auto card = parse_partial_card(kYolox);
  ASSERT_TRUE(card) << card.error().message;
  const HeadDescription expected{
      .strides = {8, 16, 32},
      .outputs = {{.name = "output",
                   .columns = {{HeadPart::kBox, HeadFunction::kNone, false},
                               {HeadPart::kObjectness, HeadFunction::kSigmoid},
                               {HeadPart::kClasses, HeadFunction::kSigmoid}}}},
      .box = {.from = BoxFrom::kCentreSize}};
  EXPECT_EQ(card.value().head, "mine");
  EXPECT_EQ(card.value().head_description, expected);
}

TEST(HeadDescription, what_is_wrong_is_refused_with_field_and_value) {
  struct Bad {
    const char* from;  // of the example
    const char* to;
    const char* field;
    const char* message;
  };
  const Bad cases[] = {
      {"[8, 16, 32]", "[]", "strides", "name at least one"},
      {"[8, 16, 32]", "[8, 0]", "strides[1]", "is 0; it must be a whole number from 1 to 1024"},
      {R"("rows")", R"("lines")", "outputs[0].layout", "\"lines\"; it must be one of"},
      {R"("box", "app)", R"("boxes", "app)", "outputs[0].columns[0].part", "\"boxes\"; it must be"},
      {R"("function": "sigmoid"})", R"("function": "tanh"})", "outputs[0].columns[1].function",
       "\"tanh\"; it must be one of"},
      {R"("name": "output", )", "", "outputs[0].index", "\"head_description.outputs[0].index\" is"},
      {R"("unit": "stride")", R"("unit": "cell")", "box.unit", "\"cell\"; it must be one of"},
      {R"("unit": "stride")", R"("bins": 0)", "box.bins", "is 0; it must be"},
      {R"("unit": "stride")", R"("units": "stride")", "box.units", "unknown"},
      {R"("strides")", R"("anchors": [{"sizes": [10]}], "strides")", "anchors[0].sizes",
       "a width and a height"},
      {R"("strides")", R"("anchors": [{"sizes": [1, 2]}], "boxes_per_cell": 1, "strides")",
       "boxes_per_cell", "be left out"},
      {R"("strides")", R"("rows": "by_line", "strides")", "rows", "\"by_line\"; it must be one of"},
      {R"("strides")", R"("background": "middle", "strides")", "background", "\"middle\"; it must"},
      {R"("strides")", R"("score": "sum", "strides")", "score", "\"sum\"; it must be one of"},
  };
  for (const Bad& bad : cases) {
    std::string json = kYolox;
    json.replace(json.find(bad.from), std::string(bad.from).size(), bad.to);
    SCOPED_TRACE(json);
    const auto card = parse_partial_card(json);
    ASSERT_FALSE(card);
    EXPECT_EQ(card.error().code, ErrorCode::kInvalidArgument);
    EXPECT_EQ(card.error().field, std::string("head_description.") + bad.field);
    EXPECT_NE(card.error().message.find(bad.message), std::string::npos) << card.error().message;
  }
}

}  // namespace
}  // namespace pare::wire
