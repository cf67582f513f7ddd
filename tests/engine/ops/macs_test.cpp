#include <gtest/gtest.h>

#include "engine/ops/all_ops.h"

namespace pare::engine {
namespace {

struct Cost {
  std::string op;
  std::vector<Shape> inputs;
  Shape output;
  std::map<std::string, Attribute> attributes;
  std::int64_t macs;
};

TEST(Macs, are_counted_for_the_shapes_seen) {
  const std::vector<Cost> costs = {
      {"Conv", {{1, 3, 8, 8}, {16, 3, 3, 3}, {16}}, {1, 16, 4, 4}, {}, 16 * 16 * 27},
      {"Conv",
       {{1, 6, 8, 8}, {6, 1, 3, 3}},
       {1, 6, 8, 8},
       {{"group", std::int64_t{6}}},
       6 * 64 * 9},
      {"ConvTranspose", {{1, 4, 3, 3}, {4, 2, 2, 2}}, {1, 2, 6, 6}, {}, 4 * 9 * 8},
      {"Gemm", {{1, 20}, {20, 5}, {5}}, {1, 5}, {}, 100},
      {"MatMul", {{1, 2, 9, 4}, {1, 2, 4, 7}}, {1, 2, 9, 7}, {}, 2 * 9 * 7 * 4},
      {"Einsum",
       {{1, 2, 9, 4}, {1, 2, 7, 4}},
       {1, 2, 9, 7},
       {{"equation", std::string("bhqd, bhkd -> bhqk")}},
       2 * 9 * 7 * 4},
      {"Add", {{1, 4, 2, 2}, {1, 4, 2, 2}}, {1, 4, 2, 2}, {}, 0}};
  for (const Cost& cost : costs) {
    const OpDef* op = find_op(all_ops(), cost.op);
    ASSERT_NE(op, nullptr) << cost.op;
    std::vector<std::string> names{"x", "w", "b"};
    names.resize(cost.inputs.size());
    const Node node{"n", cost.op, "", names, {"y"}, cost.attributes};
    const std::vector<Shape> outputs{cost.output};
    EXPECT_EQ(op->macs({node, 13, cost.inputs, outputs, {}}), cost.macs) << cost.op;
  }
}

}  // namespace
}  // namespace pare::engine
