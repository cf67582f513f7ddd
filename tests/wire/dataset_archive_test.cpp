#include "wire/dataset_archive.h"

#include <archive.h>
#include <archive_entry.h>
#include <gtest/gtest.h>
#include <locale.h>

#include <fstream>
#include <iterator>

#include "wire/sha256.h"

namespace pare::wire {
namespace {

namespace fs = std::filesystem;

struct Member {
  std::string path;
  std::string data = "bytes";
  unsigned type = AE_IFREG;
  std::string link = {};
};

constexpr const char* kGoodLabels =
    R"({"images":[{"id":1,"file_name":"v.jpg"}],"categories":[{"id":7,"name":"crack"}],)"
    R"("annotations":[{"id":1,"image_id":1,"category_id":7,"bbox":[1,2,3,4]}]})";

class DatasetArchive : public testing::Test {
 protected:
  void SetUp() override {
    folder_ =
        fs::path(testing::TempDir()) /
        (std::string("dataset_") + testing::UnitTest::GetInstance()->current_test_info()->name());
    fs::remove_all(folder_);
    fs::create_directories(folder_);
  }
  void TearDown() override { fs::remove_all(folder_); }

  fs::path tar(const std::vector<Member>& members) {
    const fs::path file = folder_ / "made.tar";
    archive* out = archive_write_new();
    archive_write_set_format_pax_restricted(out);
    archive_write_open_filename(out, file.c_str());
    for (const Member& member : members) {
      archive_entry* entry = archive_entry_new();
      archive_entry_set_pathname(entry, member.path.c_str());
      archive_entry_set_filetype(entry, member.type);
      archive_entry_set_perm(entry, 0644);
      if (member.type == AE_IFLNK) archive_entry_set_symlink(entry, member.link.c_str());
      if (member.type == AE_IFREG && !member.link.empty()) {
        archive_entry_set_hardlink(entry, member.link.c_str());
      }
      const std::string data = member.type == AE_IFREG && member.link.empty() ? member.data : "";
      archive_entry_set_size(entry, static_cast<la_int64_t>(data.size()));
      archive_write_header(out, entry);
      if (!data.empty()) archive_write_data(out, data.data(), data.size());
      archive_entry_free(entry);
    }
    archive_write_free(out);
    return file;
  }

  void put(const fs::path& file, const std::string& bytes) {
    fs::create_directories((folder_ / file).parent_path());
    std::ofstream(folder_ / file, std::ios::binary) << bytes;
  }

  fs::path folder_;
};

std::string read(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

TEST_F(DatasetArchive, the_listing_of_a_good_archive_counts_what_is_in_it) {
  const auto listing = check_dataset_archive(tar({{"calibration/", "", AE_IFDIR},
                                                  {"./calibration/c.jpg", "12"},
                                                  {"validation/v.jpg", "345"},
                                                  {"labels.json", kGoodLabels}}));
  ASSERT_TRUE(listing) << listing.error().message;
  EXPECT_EQ(listing.value().calibration, std::vector<std::string>{"c.jpg"});
  EXPECT_EQ(listing.value().validation, std::vector<std::string>{"v.jpg"});
  EXPECT_TRUE(listing.value().labelled);
}

TEST_F(DatasetArchive, an_archive_without_labels_is_good_and_says_so) {
  const auto listing = check_dataset_archive(tar({{"calibration/c.jpg"}, {"validation/v.jpg"}}));
  ASSERT_TRUE(listing) << listing.error().message;
  EXPECT_FALSE(listing.value().labelled);
}

TEST_F(DatasetArchive, a_bad_entry_is_refused_by_name) {
  const Member c{"calibration/c.jpg"};
  const Member v{"validation/v.jpg"};
  const std::vector<std::pair<std::vector<Member>, std::string>> table = {
      {{}, "the dataset has no calibration images"},
      {{v}, "the dataset has no calibration images"},
      {{c}, "the dataset has no validation images"},
      {{c, v, {"/proc/version"}}, "the dataset has an absolute path: '/proc/version'"},
      {{c, v, {"calibration/../../x"}}, "the dataset has a path with '..': 'calibration/../../x'"},
      {{c, v, {".."}}, "the dataset has a path with '..': '..'"},
      {{c, v, {"calibration/l.jpg", "", AE_IFLNK, "/proc/version"}},
       "the dataset has a link: 'calibration/l.jpg'"},
      {{c, v, {"calibration/h.jpg", "", AE_IFREG, "calibration/c.jpg"}},
       "the dataset has a link: 'calibration/h.jpg'"},
      {{c, v, {"calibration/p", "", AE_IFIFO}},
       "the dataset has an entry that is not a regular file: 'calibration/p'"},
      {{c, v, c}, "the dataset has 'calibration/c.jpg' twice"},
      {{c, v, {"./calibration/c.jpg"}}, "the dataset has 'calibration/c.jpg' twice"},
      {{c, v, {"validation/c.jpg"}},
       "the dataset has 'c.jpg' in calibration/ and in validation/: the two share no image"},
      {{c, v, {"notes.txt"}},
       "the dataset has 'notes.txt', but only calibration/<image>, validation/<image> and "
       "labels.json belong into one"},
      {{c, v, {"calibration/a/b.jpg"}},
       "the dataset has an image with an unusable name: 'calibration/a/b.jpg'"},
      {{c, v, {"calibration/a\nb.jpg"}},
       "the dataset has an image with an unusable name: 'calibration/a?b.jpg'"},
      {{c, v, {"calibration/e.jpg", ""}}, "the dataset has an empty image: 'calibration/e.jpg'"},
  };
  for (const auto& [members, message] : table) {
    const auto listing = check_dataset_archive(tar(members));
    ASSERT_FALSE(listing) << message;
    EXPECT_EQ(listing.error().code, ErrorCode::kInvalidArgument);
    EXPECT_EQ(listing.error().message, message);
  }
}

TEST_F(DatasetArchive, labels_that_do_not_read_or_fit_are_refused_when_they_are_packed) {
  put("cal/c.jpg", "c");
  put("val/v.jpg", "v");
  const DatasetSource source{folder_ / "cal", folder_ / "val", folder_ / "labels.json"};
  put("labels.json", R"({"images":[)" + std::string(400'000, '['));
  EXPECT_EQ(write_dataset_archive(source, folder_ / "x.tar").error().code,
            ErrorCode::kInvalidArgument);
  put("labels.json", R"({"images":[],"categories":[{"id":7,"name":"crack"}],"annotations":[]})");
  EXPECT_EQ(write_dataset_archive(source, folder_ / "x.tar").error().message,
            "labels.json: images does not list validation/v.jpg (an image without objects is "
            "listed without annotations)");
}

// A service reads no labels: it must not matter what is in them.
TEST_F(DatasetArchive, neither_the_outline_nor_the_listing_looks_into_labels) {
  const fs::path file = tar({{"calibration/c.jpg"},
                             {"validation/v.jpg"},
                             {"labels.json", R"({"images":[)" + std::string(400'000, '[')}});
  EXPECT_TRUE(check_dataset_outline(file));
  const auto listing = check_dataset_archive(file);
  ASSERT_TRUE(listing) << listing.error().message;
  EXPECT_TRUE(listing.value().labelled);
}

TEST_F(DatasetArchive, names_beyond_ascii_are_packed_and_unpacked_whatever_the_locale) {
  const std::string name =
      "Stra\xC3\x9F"
      "e \xE4\xB8\xAD.jpg";  // UTF-8
  put("cal/c.jpg", "c");
  put("val/" + name, "v");
  const char* before = ::setlocale(LC_ALL, "C");
  ASSERT_NE(before, nullptr);
  const auto packed =
      write_dataset_archive({folder_ / "cal", folder_ / "val", {}}, folder_ / "x.tar");
  ASSERT_TRUE(packed) << packed.error().message;
  EXPECT_EQ(packed.value().listing.validation, std::vector<std::string>{name});
  ASSERT_TRUE(unpack_dataset_archive(folder_ / "x.tar", folder_ / "out"));
  EXPECT_EQ(read(folder_ / "out/validation" / name), "v");
}

TEST_F(DatasetArchive, a_name_that_is_not_utf8_is_refused_by_name) {
  put("cal/c.jpg", "c");
  put("val/caf\xE9.jpg", "v");
  const auto packed =
      write_dataset_archive({folder_ / "cal", folder_ / "val", {}}, folder_ / "x.tar");
  ASSERT_FALSE(packed);
  EXPECT_EQ(packed.error().message,
            "the name of an image is not UTF-8: validation/caf\xEF\xBF\xBD.jpg");
}

TEST_F(DatasetArchive, images_of_other_endings_and_in_folders_are_taken_and_the_rest_is_named) {
  put("cal/c.jpg", "c");
  for (const char* name : {"a.jfif", "b.JPE", "c.TIFF", "sub/d.jpeg", "sub/more/e.webp", "f.dib"}) {
    put(std::string("val/") + name, "v");
  }
  put("val/noending", "\xFF\xD8\xFF then a JPEG");
  put("val/notes.txt", "x");
  put("val/sub/Thumbs.db", "x");
  put("val/.DS_Store", "x");
  put("val/.cache/g.jpg", "x");
  const auto packed =
      write_dataset_archive({folder_ / "cal", folder_ / "val", {}}, folder_ / "x.tar");
  ASSERT_TRUE(packed) << packed.error().message;
  EXPECT_EQ(packed.value().listing.validation,
            (std::vector<std::string>{"a.jfif", "b.JPE", "c.TIFF", "d.jpeg", "e.webp", "f.dib",
                                      "noending"}));
  EXPECT_EQ(packed.value().notes,
            std::vector<std::string>{"2 files of the validation folder are no images by ending or "
                                     "content, left out: notes.txt, sub/Thumbs.db"});
  put("val/sub/a.jfif", "another");
  EXPECT_EQ(write_dataset_archive({folder_ / "cal", folder_ / "val", {}}, folder_ / "x.tar")
                .error()
                .message.find("two images have one name: "),
            0U);
}

TEST_F(DatasetArchive, bytes_that_are_no_tar_are_refused_and_so_is_half_of_one) {
  put("rubbish.tar", std::string(4096, 'x'));
  EXPECT_EQ(check_dataset_archive(folder_ / "rubbish.tar").error().code,
            ErrorCode::kInvalidArgument);
  put("empty.tar", "");
  EXPECT_EQ(check_dataset_archive(folder_ / "empty.tar").error().message,
            "the dataset is not a tar archive: it has no bytes");
  EXPECT_EQ(check_dataset_archive(folder_ / "none.tar").error().code, ErrorCode::kNotFound);

  const std::string whole =
      read(tar({{"calibration/c.jpg", std::string(5000, 'c')}, {"validation/v.jpg"}}));
  for (std::size_t size = 1; size + 1024 < whole.size(); size += 509) {
    put("cut.tar", whole.substr(0, size));
    EXPECT_FALSE(check_dataset_archive(folder_ / "cut.tar")) << size;
  }
}

TEST_F(DatasetArchive, what_is_unpacked_is_what_was_packed) {
  const fs::path file = tar({{"calibration/c.jpg", std::string("\0\1\2", 3)},
                             {"validation/v.jpg", "v"},
                             {"labels.json", kGoodLabels}});
  ASSERT_TRUE(unpack_dataset_archive(file, folder_ / "out"));
  EXPECT_EQ(read(folder_ / "out/calibration/c.jpg"), std::string("\0\1\2", 3));
  EXPECT_EQ(read(folder_ / "out/labels.json"), kGoodLabels);
  EXPECT_EQ(unpack_dataset_archive(file, folder_ / "out").error().code, ErrorCode::kConflict);
}

TEST_F(DatasetArchive, nothing_is_left_of_an_archive_that_is_refused) {
  const auto refused = unpack_dataset_archive(
      tar({{"calibration/c.jpg"}, {"validation/v.jpg"}, {"../out.jpg"}}), folder_ / "out");
  EXPECT_FALSE(refused);
  EXPECT_FALSE(fs::exists(folder_ / "out"));
  EXPECT_FALSE(fs::exists(folder_ / "out.jpg"));
}

TEST_F(DatasetArchive, the_same_images_give_the_same_bytes_and_other_files_stay_out) {
  put("cal/b.png", "b");
  put("cal/a.JPG", "a");
  put("cal/readme.txt", "not an image");
  put("val/v.jpg", "v");
  put("labels.json", kGoodLabels);
  const DatasetSource source{folder_ / "cal", folder_ / "val", folder_ / "labels.json"};
  const auto listing = write_dataset_archive(source, folder_ / "one.tar");
  ASSERT_TRUE(listing) << listing.error().message;
  EXPECT_EQ(listing.value().listing.calibration, (std::vector<std::string>{"a.JPG", "b.png"}));
  fs::last_write_time(folder_ / "val/v.jpg",
                      fs::file_time_type::clock::now() - std::chrono::hours(1));
  ASSERT_TRUE(write_dataset_archive(source, folder_ / "two.tar"));
  EXPECT_EQ(sha256_file(folder_ / "one.tar").value(), sha256_file(folder_ / "two.tar").value());
}

TEST_F(DatasetArchive, a_folder_that_is_not_there_is_named) {
  const auto made = write_dataset_archive({folder_ / "no", folder_ / "no", {}}, folder_ / "x.tar");
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().message.find("cannot read the folder " + (folder_ / "no").string()), 0U)
      << made.error().message;
}

}  // namespace
}  // namespace pare::wire
