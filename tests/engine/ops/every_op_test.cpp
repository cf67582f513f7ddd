#include <gtest/gtest.h>

#include "engine/ops/all_ops.h"

namespace pare::engine {
namespace {

// A new operator is covered the moment its file exists: no test has to be written to be listed.
TEST(EveryOp, every_operator_is_complete_and_named_once) {
  std::string_view previous;
  for (const OpDef& op : all_ops()) {
    SCOPED_TRACE(op.onnx_type);
    EXPECT_TRUE(op.flow != nullptr && op.macs != nullptr);
    EXPECT_GT(op.onnx_type, previous);
    EXPECT_EQ(find_op(all_ops(), op.onnx_type), &op);
    previous = op.onnx_type;
  }
  EXPECT_EQ(find_op(all_ops(), "Wibble"), nullptr);
}

}  // namespace
}  // namespace pare::engine
