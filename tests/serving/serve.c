// Serves a SavedModel with the C++ runtime of TensorFlow: no Python, no Keras.
//
//   serve MODEL_FOLDER < requests
//
// A request is a line. The answer is one line of JSON: {"shape": [...], "values": [...]} or
// {"code": N, "message": "..."}, after which the program goes on.
//
//   string INPUT OUTPUT COUNT FILE...           COUNT strings, the bytes of the files
//   float|uint8 INPUT OUTPUT RANK SIZE... FILE  a tensor, the bytes of the file
//
// INPUT and OUTPUT are names of tensors, such as serving_default_encoded:0.

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <tensorflow/c/c_api.h>
#include <tensorflow/c/tf_tstring.h>

#define MOST_WORDS 256

static void print_text(const char* text, size_t length) {
  putchar('"');
  for (size_t i = 0; i < length; i++) {
    unsigned char c = text[i];
    if (c == '"' || c == '\\') printf("\\%c", c);
    else if (c < 32 || c > 126) printf("\\u%04x", c);
    else putchar(c);
  }
  putchar('"');
}

static void print_error(int code, const char* message) {
  printf("{\"code\": %d, \"message\": ", code);
  print_text(message, strlen(message));
  printf("}\n");
}

static char* read_file(const char* path, size_t* length) {
  FILE* file = fopen(path, "rb");
  if (file == NULL) return NULL;
  fseek(file, 0, SEEK_END);
  *length = ftell(file);
  rewind(file);
  char* bytes = malloc(*length + 1);
  if (fread(bytes, 1, *length, file) != *length) *length = 0;
  fclose(file);
  return bytes;
}

static int find(TF_Graph* graph, char* name, TF_Output* found) {
  char* colon = strrchr(name, ':');
  found->index = colon ? atoi(colon + 1) : 0;
  if (colon) *colon = 0;
  found->oper = TF_GraphOperationByName(graph, name);
  return found->oper != NULL;
}

static TF_Tensor* string_tensor(int count, char** files) {
  int64_t shape[1] = {count};
  TF_Tensor* tensor = TF_AllocateTensor(TF_STRING, shape, 1, count * sizeof(TF_TString));
  TF_TString* strings = TF_TensorData(tensor);
  for (int i = 0; i < count; i++) {
    size_t length = 0;
    char* bytes = read_file(files[i], &length);
    TF_TString_Init(&strings[i]);
    TF_TString_Copy(&strings[i], bytes ? bytes : "", length);
    free(bytes);
  }
  return tensor;
}

static TF_Tensor* number_tensor(TF_DataType type, int rank, char** words) {
  int64_t shape[8], bytes_needed = TF_DataTypeSize(type);
  for (int i = 0; i < rank; i++) bytes_needed *= shape[i] = atoll(words[i]);
  TF_Tensor* tensor = TF_AllocateTensor(type, shape, rank, bytes_needed);
  size_t length = 0;
  char* bytes = read_file(words[rank], &length);
  if (bytes && bytes_needed) memcpy(TF_TensorData(tensor), bytes, bytes_needed);
  free(bytes);
  return tensor;
}

static void print_tensor(TF_Tensor* tensor) {
  printf("{\"shape\": [");
  for (int i = 0; i < TF_NumDims(tensor); i++)
    printf("%s%lld", i ? ", " : "", (long long)TF_Dim(tensor, i));
  printf("], \"values\": [");
  int64_t count = TF_TensorElementCount(tensor);
  for (int64_t i = 0; i < count; i++) {
    if (i) printf(", ");
    void* data = TF_TensorData(tensor);
    if (TF_TensorType(tensor) == TF_FLOAT) printf("%.9g", ((float*)data)[i]);
    else if (TF_TensorType(tensor) == TF_INT32) printf("%d", ((int*)data)[i]);
    else {
      TF_TString* string = &((TF_TString*)data)[i];
      print_text(TF_TString_GetDataPointer(string), TF_TString_GetSize(string));
    }
  }
  printf("]}\n");
}

int main(int argc, char** argv) {
  if (argc != 2) return fprintf(stderr, "usage: serve MODEL_FOLDER < requests\n"), 2;
  TF_Status* status = TF_NewStatus();
  TF_Graph* graph = TF_NewGraph();
  TF_SessionOptions* options = TF_NewSessionOptions();
  // graph_options.rewrite_options.disable_meta_optimizer of a ConfigProto: each signature would be
  // optimised for seconds before its first answer, as Python's runtime does in other tests.
  TF_SetConfig(options, "\x52\x05\x52\x03\x98\x01\x01", 7, status);
  const char* tags[] = {"serve"};
  TF_Session* session =
      TF_LoadSessionFromSavedModel(options, NULL, argv[1], tags, 1, graph, NULL, status);
  if (TF_GetCode(status) != TF_OK) return fprintf(stderr, "%s\n", TF_Message(status)), 1;

  static char line[1 << 16];
  while (fgets(line, sizeof line, stdin)) {
    char* words[MOST_WORDS];
    int count = 0;
    for (char* word = strtok(line, " \n"); word && count < MOST_WORDS; word = strtok(NULL, " \n"))
      words[count++] = word;
    if (count < 4) continue;
    TF_Output input, output;
    if (!find(graph, words[1], &input) || !find(graph, words[2], &output)) {
      print_error(TF_NOT_FOUND, "no such tensor");
    } else {
      TF_Tensor* given = strcmp(words[0], "string") == 0
                             ? string_tensor(atoi(words[3]), words + 4)
                             : number_tensor(strcmp(words[0], "float") ? TF_UINT8 : TF_FLOAT,
                                             atoi(words[3]), words + 4);
      TF_Tensor* answer = NULL;
      TF_SessionRun(session, NULL, &input, &given, 1, &output, &answer, 1, NULL, 0, NULL, status);
      if (TF_GetCode(status) == TF_OK) print_tensor(answer);
      else print_error(TF_GetCode(status), TF_Message(status));
      if (answer) TF_DeleteTensor(answer);
      TF_DeleteTensor(given);
    }
    fflush(stdout);
  }
  TF_CloseSession(session, status);
  TF_DeleteSession(session, status);
  return 0;
}
