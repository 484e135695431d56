# `kcx` with all that it needs, on a processor:
#   docker build --tag kcx .
#   docker run --rm --user "$(id -u):$(id -g)" --volume "$PWD:/data" kcx train photographs --image-size 128
# What it exports is served by TensorFlow Serving's own image; docs/serving.md has the command.
FROM python:3.11-slim

WORKDIR /src
COPY pyproject.toml README.md LICENSE ./
COPY keras_cv_extras keras_cv_extras
RUN pip install --no-cache-dir . && useradd --uid 1000 --create-home kcx

# Nothing runs as root; Keras and Matplotlib keep their settings where any user may write.
USER 1000
ENV KERAS_HOME=/tmp/keras \
    MPLCONFIGDIR=/tmp/matplotlib \
    TF_CPP_MIN_LOG_LEVEL=3
WORKDIR /data
ENTRYPOINT ["kcx"]
CMD ["--help"]
