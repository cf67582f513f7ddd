// Models whose weights lie in files beside them: joined they are the model that was taken apart.
#include "engine/onnx/external_data.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <onnx/onnx_pb.h>
#include <unistd.h>

#include <fstream>
#include <functional>

#include "engine/onnx/onnx_io.h"
#include "tests/support/graph_builder.h"

namespace pare::engine {
namespace {

namespace fs = std::filesystem;
using onnx::ModelProto;
using onnx::TensorProto;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

class ExternalData : public testing::Test {
 protected:
  void SetUp() override { fs::create_directories(folder_ / "model"); }
  void TearDown() override { fs::remove_all(folder_); }

  static ModelProto whole() {
    test::GraphBuilder b;
    const auto x = b.conv(b.input({1, 3, 8, 8}), {.channels = 4});
    b.output(b.relu(b.conv(x, {.channels = 8})));
    ModelProto model;
    PARE_CHECK(model.ParseFromString(export_onnx(b.build())), "the model is none");
    return model;
  }

  static void set(TensorProto& tensor, const std::string& key, const std::string& value) {
    auto* entry = tensor.add_external_data();
    entry->set_key(key);
    entry->set_value(value);
  }

  // The bytes of a tensor at the end of what the file holds so far, behind a gap.
  void move_out(TensorProto& tensor, const std::string& location, bool with_length = true) {
    std::string& file = files_[location];
    file.append(64, '\x55');
    set(tensor, "location", location);
    set(tensor, "offset", std::to_string(file.size()));
    if (with_length) set(tensor, "length", std::to_string(tensor.raw_data().size()));
    set(tensor, "checksum", "not looked at");
    file += tensor.raw_data();
    tensor.clear_raw_data();
    tensor.set_data_location(TensorProto::EXTERNAL);
  }

  void write_files() const {
    for (const auto& [name, bytes] : files_) {
      fs::create_directories((folder_ / "model" / name).parent_path());
      std::ofstream(folder_ / "model" / name, std::ios::binary) << bytes;
    }
  }

  Result<std::optional<JoinedModel>> joined(const ModelProto& model) const {
    std::ofstream(path(), std::ios::binary) << model.SerializeAsString();
    return join_external_data(path());
  }

  // Why the one tensor that is elsewhere, at this place, cannot be taken in.
  std::string refused(const std::function<void(TensorProto&)>& change) {
    ModelProto model = whole();
    TensorProto& tensor = *model.mutable_graph()->mutable_initializer(0);
    tensor.clear_raw_data();
    tensor.set_data_location(TensorProto::EXTERNAL);
    change(tensor);
    const auto made = joined(model);
    EXPECT_FALSE(made);
    return made ? "" : made.error().message;
  }

  fs::path path() const { return folder_ / "model" / "net.onnx"; }

  const fs::path folder_ =
      fs::temp_directory_path() / ("pare-external-" + std::to_string(::getpid()));
  std::map<std::string, std::string> files_;
};

TEST_F(ExternalData, of_several_files_and_folders_comes_back_bit_for_bit) {
  ModelProto model = whole();
  auto& weights = *model.mutable_graph()->mutable_initializer();
  ASSERT_GE(weights.size(), 4);
  move_out(weights[0], "net.onnx.data");
  move_out(weights[1], "net.onnx.data");
  move_out(weights[2], "parts/w.bin", false);
  write_files();
  const auto made = joined(model);
  ASSERT_TRUE(made) << made.error().message;
  ASSERT_TRUE(made.value());
  EXPECT_EQ(made.value()->onnx, whole().SerializeAsString());
  EXPECT_THAT(made.value()->files, ElementsAre("net.onnx.data", "parts/w.bin"));
}

TEST_F(ExternalData, of_nodes_and_subgraphs_is_found_too) {
  ModelProto model = whole();
  onnx::NodeProto& branch = *model.mutable_graph()->add_node();
  branch.set_op_type("If");
  onnx::AttributeProto& then = *branch.add_attribute();
  then.set_name("then_branch");
  then.set_type(onnx::AttributeProto::GRAPH);
  onnx::NodeProto& constant = *then.mutable_g()->add_node();
  constant.set_op_type("Constant");
  onnx::AttributeProto& value = *constant.add_attribute();
  value.set_name("value");
  value.set_type(onnx::AttributeProto::TENSOR);
  *value.mutable_t() = model.graph().initializer(0);
  const std::string before = model.SerializeAsString();
  move_out(*value.mutable_t(), "deep.bin");
  write_files();
  const auto made = joined(model);
  ASSERT_TRUE(made) << made.error().message;
  ASSERT_TRUE(made.value());
  EXPECT_EQ(made.value()->onnx, before);
}

TEST_F(ExternalData, is_not_looked_for_in_one_file_and_in_what_is_no_model) {
  const auto one = joined(whole());
  ASSERT_TRUE(one);
  EXPECT_FALSE(one.value());
  std::ofstream(path(), std::ios::binary) << "no model";
  ASSERT_TRUE(join_external_data(path()));
  EXPECT_FALSE(join_external_data(path()).value());
  EXPECT_FALSE(join_external_data(folder_ / "nothing").value());
}

TEST_F(ExternalData, out_of_the_folder_is_never_read) {
  std::ofstream(folder_ / "secret") << std::string(100'000, 'x');
  fs::create_symlink(folder_ / "secret", folder_ / "model" / "link");
  fs::create_directory_symlink(folder_, folder_ / "model" / "up");
  const std::string absolute = (folder_ / "secret").string();
  for (const std::string& location :
       {std::string("../secret"), std::string("a/../../secret"), absolute, std::string("link"),
        std::string("up/secret"), std::string("up/../secret")}) {
    SCOPED_TRACE(location);
    const std::string why = refused([&](TensorProto& t) { set(t, "location", location); });
    EXPECT_THAT(
        why, AllOf(HasSubstr("constant \""), HasSubstr(location), HasSubstr("the model's folder")));
  }
  EXPECT_THAT(refused([](TensorProto& t) { set(t, "location", "link"); }),
              HasSubstr("put the file itself there"));
}

TEST_F(ExternalData, through_a_link_inside_of_the_folder_is_read) {
  ModelProto model = whole();
  move_out(*model.mutable_graph()->mutable_initializer(0), "w.bin");
  files_["real.bin"] = files_["w.bin"];
  files_.erase("w.bin");
  write_files();
  fs::create_symlink("real.bin", folder_ / "model" / "w.bin");
  const auto made = joined(model);
  ASSERT_TRUE(made) << made.error().message;
  EXPECT_EQ(made.value()->onnx, whole().SerializeAsString());
}

TEST_F(ExternalData, that_is_not_there_is_named_with_what_was_seen) {
  files_["w.bin"] = std::string(100, 'w');
  write_files();
  EXPECT_THAT(refused([](TensorProto& t) { set(t, "location", "gone.bin"); }),
              AllOf(HasSubstr("in \"gone.bin\""), HasSubstr("there is no /")));
  EXPECT_THAT(refused([](TensorProto& t) {
                set(t, "location", "w.bin");
                set(t, "offset", "40");
                set(t, "length", "61");
              }),
              HasSubstr("61 bytes from offset 40 of \"w.bin\", which has 100 bytes"));
  EXPECT_THAT(refused([](TensorProto& t) {
                set(t, "location", "w.bin");
                set(t, "offset", "101");
              }),
              HasSubstr("the rest from offset 101 of \"w.bin\", which has 100 bytes"));
  EXPECT_THAT(refused([](TensorProto& t) {
                set(t, "location", "w.bin");
                set(t, "offset", "-1");
              }),
              HasSubstr("the offset \"-1\", which is no number of bytes"));
  EXPECT_THAT(refused([](TensorProto& t) {
                set(t, "location", "w.bin");
                set(t, "length", "18446744073709551615");
              }),
              HasSubstr("18446744073709551615 bytes from offset 0"));
  EXPECT_THAT(refused([](TensorProto& t) {
                set(t, "location", "w.bin");
                set(t, "length", "99999999999999999999");
              }),
              HasSubstr("no number of bytes"));
  EXPECT_THAT(refused([](TensorProto& t) { set(t, "offset", "0"); }),
              HasSubstr("does not name it"));
  fs::create_directory(folder_ / "model" / "folder");
  EXPECT_THAT(refused([](TensorProto& t) { set(t, "location", "folder"); }),
              HasSubstr("which is no file"));
}

// A file with a hole takes no room.
TEST_F(ExternalData, of_two_gibibytes_names_the_limit) {
  std::ofstream(folder_ / "model" / "big.bin") << "";
  fs::resize_file(folder_ / "model" / "big.bin", std::uintmax_t{1} << 31);
  EXPECT_THAT(refused([](TensorProto& t) { set(t, "location", "big.bin"); }),
              AllOf(HasSubstr("2 GiB"), HasSubstr("protobuf")));
}

}  // namespace
}  // namespace pare::engine
