"""Evidence packets: all that is known of one parcel."""
