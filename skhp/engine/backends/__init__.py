"""The adapters to the libraries that Keras runs on. No other module imports them."""
